/**
 * One WebRTC connection to the relay: camera and microphone go there, the corrected picture comes back. Lives until
 * its signal aborts or the relay goes away. Knows nothing of reconnecting or of the page.
 */

import {RelayError, abandonSession, createSession, endSession, sessionExists} from './api.js';

const GATHERING_MS = 2000;
const CONNECTING_MS = 10000;

/** How long the relay may take to hear that the session ends before its media stop, which it would take for a mishap. */
const FAREWELL_MS = 2000;

/**
 * Fires `message` (a CustomEvent whose detail is the relay's message) and once `end`.
 */
export class Peer extends EventTarget {
  #over = new AbortController();
  #connection;
  #channel;
  #address = '';
  /** What comes back: corrected video, untouched audio. */
  received = new MediaStream();

  /** @param {RTCIceServer[]} iceServers */
  constructor(iceServers) {
    super();
    this.#connection = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    this.#channel = this.#connection.createDataChannel('eyeline');
    this.#connection.ontrack = ({track}) => this.received.addTrack(track);
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === 'failed') this.end();
    };
    this.#channel.onclose = () => this.#finish();
    this.#channel.onmessage = ({data}) => this.#hear(data);
  }

  /** Aborts when the connection has ended, from whichever side. */
  get signal() {
    return this.#over.signal;
  }

  /**
   * Offers the stream and resolves when the data channel is open.
   * @param {MediaStream} stream
   * @param {import('./settings.js').Correction} settings
   * @param {AbortSignal} signal
   */
  async open(stream, settings, signal) {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => this.end(), {signal: this.signal});
    for (const track of stream.getTracks()) this.#connection.addTrack(track, stream);
    await this.#connection.setLocalDescription();
    await gathered(this.#connection);
    const offer = /** @type {RTCSessionDescription} */ (this.#connection.localDescription);
    const {sdp, address} = await createSession(offer.sdp, settings, signal);
    this.#address = address;
    if (signal.aborted) endSession(address);
    signal.throwIfAborted();
    await this.#connection.setRemoteDescription({type: 'answer', sdp});
    await this.#opened();
    await this.#keepResolution();
  }

  /** Sends a message, unless the connection has ended. @param {object} message */
  say(message) {
    if (this.#channel.readyState === 'open') this.#channel.send(JSON.stringify(message));
  }

  /**
   * Sends another track (or none) from now on, without renegotiating.
   * @param {'video' | 'audio'} kind
   * @param {MediaStreamTrack | null} track
   * @returns {Promise<boolean>} false: nothing of this kind was agreed on; it takes a new connection
   */
  async replace(kind, track) {
    const line = this.#connection.getTransceivers().find(({receiver}) => receiver.track.kind === kind);
    await line?.sender.replaceTrack(track);
    return line !== undefined;
  }

  /** Asks the relay another way, over HTTP, whether this connection is still there for it; ends it if not. */
  async verify() {
    const exists = await sessionExists(this.#address, this.signal).catch(() => false);
    if (!exists) this.end();
  }

  /** Hangs up and tells the relay. */
  end() {
    if (!this.signal.aborted) this.#finish(this.#address ? endSession(this.#address) : undefined);
  }

  /** The same while the page is being left. */
  abandon() {
    if (this.signal.aborted) return;
    if (this.#address) abandonSession(this.#address);
    this.#finish();
  }

  /** Everybody hears of the end at once; the connection stays until the farewell has arrived, or was long enough. */
  #finish(farewell = Promise.resolve()) {
    if (this.signal.aborted) return;
    this.#over.abort();
    const long = new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    Promise.race([farewell, long]).then(() => this.#connection.close());
    this.dispatchEvent(new Event('end'));
  }

  #hear(/** @type {string} */ data) {
    const message = JSON.parse(data);
    this.dispatchEvent(new CustomEvent('message', {detail: message}));
  }

  /** @returns {Promise<void>} */
  #opened() {
    if (this.#channel.readyState === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const fail = () => reject(new RelayError('no_media', 'The media connection could not be opened.'));
      const timer = setTimeout(fail, CONNECTING_MS);
      this.#channel.onopen = () => { clearTimeout(timer); resolve(); };
      this.addEventListener('end', () => { clearTimeout(timer); fail(); });
    });
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

/** All candidates, or those found in time: the relay takes no later ones. @returns {Promise<void>} */
function gathered(/** @type {RTCPeerConnection} */ connection) {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
}
