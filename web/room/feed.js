/** Another participant's feed: a display name, and the subscribed stream. Knows nothing of the page. */

/**
 * @typedef {{room: number | string, pin: string, privateId: number, iceServers: RTCIceServer[]}} Subscription
 */

/** Fires `name` when the display name changes, and `end`, once, when the stream is lost or closed. */
export class Feed extends EventTarget {
  #closed = new AbortController();
  /** @type {import('./janus.js').Handle | undefined} */
  #handle;
  /** @type {RTCPeerConnection | undefined} */
  #connection;
  /** The received tracks. */
  stream = new MediaStream();

  /** @param {number | string} id @param {string} display */
  constructor(id, display) {
    super();
    this.id = id;
    this.display = display;
  }

  rename(/** @type {string} */ display) {
    if (display === this.display) return;
    this.display = display;
    this.dispatchEvent(new Event('name'));
  }

  /**
   * Subscribes. Raises JanusError.
   * @param {import('./janus.js').Session} session
   * @param {Subscription} subscription
   */
  async open(session, {room, pin, privateId, iceServers}) {
    const handle = this.#handle = await session.attach();
    if (this.#closed.signal.aborted) handle.close();
    this.#closed.signal.throwIfAborted();
    handle.addEventListener('event', (event) => this.#onEvent(/** @type {CustomEvent} */ (event).detail));
    handle.addEventListener('hangup', () => this.close());
    this.#connection = handle.connect(iceServers);
    this.#connection.ontrack = ({track}) => this.#addTrack(track);
    const streams = [{feed: this.id}];
    const join = {request: 'join', ptype: 'subscriber', room, pin, private_id: privateId, streams};
    await this.#answer(await handle.request(join));
  }

  /** The current audio level, 0 to 1. */
  async audioLevel() {
    const receiver = this.#connection?.getReceivers().find(({track}) => track.kind === 'audio');
    for (const report of (await receiver?.getStats())?.values() ?? []) {
      if (report.type === 'inbound-rtp') return report.audioLevel ?? 0;
    }
    return 0;
  }

  close() {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#handle?.close();
    this.dispatchEvent(new Event('end'));
  }

  /** Janus sends a new offer when the publisher adds or removes audio or video. */
  #onEvent(/** @type {import('./janus.js').Event} */ event) {
    if (event.jsep) this.#answer(event).catch(() => this.close());
  }

  async #answer(/** @type {import('./janus.js').Event} */ {jsep}) {
    const connection = /** @type {RTCPeerConnection} */ (this.#connection);
    if (!jsep) return;
    await connection.setRemoteDescription(jsep);
    await connection.setLocalDescription();
    await this.#handle?.request({request: 'start'}, connection.localDescription);
  }

  #addTrack(/** @type {MediaStreamTrack} */ track) {
    for (const previous of this.stream.getTracks()) if (previous.kind === track.kind) this.stream.removeTrack(previous);
    this.stream.addTrack(track);
  }
}
