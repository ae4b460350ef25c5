/**
 * One WebRTC connection to the relay: camera and microphone go there, the corrected picture comes back. Or, where this
 * browser warps by itself: a small copy of the camera goes there, packets with fields come back. Lives until its
 * signal aborts or the relay goes away. Knows nothing of reconnecting, of what is in a packet, or of the page.
 */

import {failed, gathered, opened} from './connecting.js';
import {Gauge} from './gauge.js';
import {Liveness} from './liveness.js';

/** A packet that is late is of no use any more, and must not hold up the next one. */
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
  /** What comes back: corrected video, untouched audio. Where this browser warps: what it makes. */
  received = new MediaStream();
  /** How many packets have come. */
  packets = 0;

  /**
   * @param {import('./api.js').Relay} relay
   * @param {RTCIceServer[]} iceServers
   * @param {import('./patience.js').AdaptiveTimeout} timeout
   * @param {import('../../warp/local.js').Local} [local] what warps in this browser; without it the relay does
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

  /** Whether the picture is warped in this browser. */
  get here() {
    return this.#local !== undefined;
  }

  /** Aborts when the connection has ended, from whichever side. */
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
   * Sends another track (or none) from now on, without renegotiating.
   * @param {'video' | 'audio'} kind
   * @param {MediaStreamTrack | null} track
   * @returns {Promise<boolean>} false: nothing of this kind was agreed on; it takes a new connection
   */
  async replace(kind, track) {
    if (this.here) return true; // the small copy follows the camera by itself, and no sound is sent
    const line = this.#connection.getTransceivers().find(({receiver}) => receiver.track.kind === kind);
    await line?.sender.replaceTrack(track);
    return line !== undefined;
  }

  /** What the connection has carried since this was last asked. */
  measure() {
    return this.signal.aborted ? Promise.resolve(undefined) : this.#gauge.read();
  }

  /** What has arrived since this was last asked. */
  readLiveness() {
    return this.#liveness.read();
  }

  /** Asks the relay another way, over HTTP, whether it still knows this session; no when it says so, or is not there. */
  isKnown() {
    return this.#relay.knows(this.#address, this.signal).catch(() => false);
  }

  /** Hangs up and tells the relay. */
  end() {
    if (!this.signal.aborted) this.#finish(this.#address ? this.#relay.end(this.#address) : undefined);
  }

  /** The same while the page is being left. */
  abandon() {
    if (this.signal.aborted) return;
    if (this.#address) this.#relay.abandon(this.#address);
    this.#finish();
  }

  /**
   * Everybody hears of the end at once, and nothing more is sent. The connection itself stays until the closing has
   * arrived, or has gone astray: the relay would take its end for a mishap.
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
   * A shortage is to cost frames, not size: small eyes cannot be corrected well, and every change of size makes
   * the relay start its encoder anew.
   */
  async #keepResolution() {
    const sender = this.#connection.getSenders().find(({track}) => track?.kind === 'video');
    if (!sender) return;
    const parameters = sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await sender.setParameters(parameters).catch(() => {}); // a browser without it keeps its own habit
  }
}
