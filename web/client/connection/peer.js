/**
 * One WebRTC connection to the relay: sends camera and microphone, receives corrected video and the audio. Or, if this
 * browser warps: sends a small copy of the camera, receives packets with fields. Lives until its signal aborts or the
 * relay closes it. Knows nothing of reconnecting, of what is in a packet, or of the page.
 */

import {failed, gathered, opened} from './connecting.js';
import {Gauge} from './gauge.js';
import {Liveness} from './liveness.js';

/** A late packet is useless and must not delay the next one. */
const NEWEST_ONLY = {ordered: false, maxRetransmits: 0};

/**
 * Fires `message` (a CustomEvent whose detail is the relay's message) and once `end`.
 */
export class Peer extends EventTarget {
  #abort = new AbortController();
  #relay;
  #connection;
  #channel;
  #gauge;
  #liveness;
  #timeout;
  #address = '';
  #local;
  /** Corrected video and unchanged audio; if this browser warps, its own output. */
  received = new MediaStream();
  /** Number of packets received. */
  packets = 0;

  /**
   * @param {import('./api.js').Relay} relay
   * @param {RTCIceServer[]} iceServers
   * @param {import('./patience.js').AdaptiveTimeout} timeout
   * @param {import('../../warp/local.js').Local} [local] warps in this browser; without it the relay warps
   */
  constructor(relay, iceServers, timeout, local) {
    super();
    this.#relay = relay;
    this.#timeout = timeout;
    this.#connection = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    this.#gauge = new Gauge(this.#connection);
    this.#liveness = new Liveness(this.#connection);
    this.#channel = this.#connection.createDataChannel('eyeline');
    this.#local = local;
    if (local) this.#receiveFields(local);
    this.#connection.ontrack = ({track}) => this.received.addTrack(track);
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === 'failed') this.end();
    };
    this.#channel.onclose = () => this.#finish();
    this.#channel.onmessage = ({data}) => this.#onMessage(data);
  }

  /** Whether frames are warped in this browser. */
  get here() {
    return this.#local !== undefined;
  }

  /** Aborts when either side has ended the connection. */
  get signal() {
    return this.#abort.signal;
  }

  /**
   * Offers the stream and resolves when the data channel is open.
   * @param {MediaStream} stream
   * @param {{settings: import('../settings.js').Correction, publish?: object}} request
   * @param {AbortSignal} signal
   */
  async open(stream, request, signal) {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => this.end(), {signal: this.signal});
    await this.#addTracks(stream);
    await this.#connection.setLocalDescription();
    await gathered(this.#connection, this.#timeout, this.signal);
    this.signal.throwIfAborted();
    const offer = /** @type {RTCSessionDescription} */ (this.#connection.localDescription);
    const returns = this.here ? 'field' : 'video';
    const {sdp, address} = await this.#relay.open({...request, sdp: offer.sdp, returns}, signal);
    this.#address = address;
    if (this.signal.aborted) this.#relay.end(address);
    this.signal.throwIfAborted();
    await this.#connection.setRemoteDescription({type: 'answer', sdp});
    await opened(this.#connection, this.#channel, this.#liveness, this.#timeout, this.signal);
    if (!this.here) await this.#keepResolution();
  }

  /** Sends a message, unless the connection has ended. @param {object} message */
  send(message) {
    if (this.#channel.readyState === 'open') this.#channel.send(JSON.stringify(message));
  }

  /**
   * Replaces a track (or removes it) without renegotiating.
   * @param {'video' | 'audio'} kind
   * @param {MediaStreamTrack | null} track
   * @returns {Promise<boolean>} false: no track of this kind was negotiated; a new connection is needed
   */
  async replace(kind, track) {
    if (this.here) return true; // the small copy follows the camera by itself, and no audio is sent
    const line = this.#connection.getTransceivers().find(({receiver}) => receiver.track.kind === kind);
    await line?.sender.replaceTrack(track);
    return line !== undefined;
  }

  /** Bitrates and latency since the last call. */
  measure() {
    return this.signal.aborted ? Promise.resolve(undefined) : this.#gauge.read();
  }

  /** What has arrived since the last call. */
  readLiveness() {
    return this.#liveness.read();
  }

  /** Asks the relay over HTTP whether it still knows this session; false if not, or if it is unreachable. */
  isKnown() {
    return this.#relay.knows(this.#address, this.signal).catch(() => false);
  }

  /** Closes the connection and ends the session at the relay. */
  end() {
    if (!this.signal.aborted) this.#finish(this.#address ? this.#relay.end(this.#address) : undefined);
  }

  /** The same while the page unloads. */
  abandon() {
    if (this.signal.aborted) return;
    if (this.#address) this.#relay.abandon(this.#address);
    this.#finish();
  }

  /**
   * Fires `end` and stops sending at once. The connection is closed only when the session's end has been sent, or the
   * connection has failed: the relay would take an earlier close for an error.
   */
  #finish(/** @type {Promise<void> | undefined} */ closing = undefined) {
    if (this.signal.aborted) return;
    this.#abort.abort();
    for (const sender of this.#connection.getSenders()) sender.replaceTrack(null).catch(() => {});
    Promise.race([closing, closing && failed(this.#connection)]).then(() => this.#connection.close());
    this.dispatchEvent(new Event('end'));
  }

  async #addTracks(/** @type {MediaStream} */ stream) {
    if (!this.#local) {
      for (const track of stream.getTracks()) this.#connection.addTrack(track, stream);
      return;
    }
    const {sender} = this.#connection.addTransceiver(this.#local.upload, {direction: 'sendonly'});
    await this.#local.prepareSender(sender);
  }

  #receiveFields(/** @type {import('../../warp/local.js').Local} */ local) {
    this.received = new MediaStream([local.track]);
    const fields = this.#connection.createDataChannel('fields', NEWEST_ONLY);
    fields.binaryType = 'arraybuffer';
    fields.onmessage = ({data}) => {
      this.packets += 1;
      local.receive(data);
    };
  }

  #onMessage(/** @type {string} */ data) {
    const message = JSON.parse(data);
    this.dispatchEvent(new CustomEvent('message', {detail: message}));
  }

  /**
   * Low bandwidth should reduce the frame rate, not the resolution: small eyes cannot be corrected well, and each
   * change of size makes the relay restart its encoder.
   */
  async #keepResolution() {
    const sender = this.#connection.getSenders().find(({track}) => track?.kind === 'video');
    if (!sender) return;
    const parameters = sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await sender.setParameters(parameters).catch(() => {}); // not supported by every browser
  }
}
