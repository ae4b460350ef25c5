/** One other person in the room: a name, and a stream that is subscribed to. Knows nothing of the page. */

/**
 * @typedef {{room: number | string, pin: string, privateId: number, iceServers: RTCIceServer[]}} Subscription
 */

/** Fires `name` when the person is called otherwise, and once `end` when the stream was lost or closed. */
export class Feed extends EventTarget {
  #over = new AbortController();
  /** @type {import('./janus.js').Handle | undefined} */
  #handle;
  /** @type {RTCPeerConnection | undefined} */
  #connection;
  /** What the person sends. */
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
   * @param {Subscription} wish
   */
  async open(session, {room, pin, privateId, iceServers}) {
    const handle = this.#handle = await session.attach();
    if (this.#over.signal.aborted) handle.close();
    this.#over.signal.throwIfAborted();
    handle.addEventListener('event', (event) => this.#follow(/** @type {CustomEvent} */ (event).detail));
    handle.addEventListener('hangup', () => this.close());
    this.#connection = handle.connect(iceServers);
    this.#connection.ontrack = ({track}) => this.#take(track);
    const streams = [{feed: this.id}];
    await this.#answer(await handle.ask({request: 'join', ptype: 'subscriber', room, pin, private_id: privateId, streams}));
  }

  /** How loud the person is just now, 0 to 1. */
  async loudness() {
    const receiver = this.#connection?.getReceivers().find(({track}) => track.kind === 'audio');
    for (const report of (await receiver?.getStats())?.values() ?? []) {
      if (report.type === 'inbound-rtp') return report.audioLevel ?? 0;
    }
    return 0;
  }

  close() {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#handle?.close();
    this.dispatchEvent(new Event('end'));
  }

  /** A person who begins or ends to send sound or picture is a new offer. */
  #follow(/** @type {import('./janus.js').Event} */ event) {
    if (event.jsep) this.#answer(event).catch(() => this.close());
  }

  async #answer(/** @type {import('./janus.js').Event} */ {jsep}) {
    const connection = /** @type {RTCPeerConnection} */ (this.#connection);
    if (!jsep) return;
    await connection.setRemoteDescription(jsep);
    await connection.setLocalDescription();
    await this.#handle?.ask({request: 'start'}, connection.localDescription);
  }

  #take(/** @type {MediaStreamTrack} */ track) {
    for (const former of this.stream.getTracks()) if (former.kind === track.kind) this.stream.removeTrack(former);
    this.stream.addTrack(track);
  }
}
