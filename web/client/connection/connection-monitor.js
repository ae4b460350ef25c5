/**
 * Watches over one connection: when the camera's own picture is to be shown, and when another connection is worth more
 * than this one. What moves is slow, not dead, however slow:
 *
 *   quiet   neither word of the relay nor a picture for 0.6 s. The camera's own picture is shown, and the relay is
 *           asked over HTTP whether it still knows the session. A no ends the connection, unless something has arrived
 *           since; no answer says nothing.
 *   dead    nothing has arrived for 10 s: no word, no picture, and not a byte by the connection's own statistics.
 *   blind   for 10 s no picture, no packet or frame of video by those statistics, and no word of the relay that it is
 *           warming up: that frames reach it while none has left it but as it came.
 *
 * The 10 s are timeout (patience.js): twice as long after each connection that was given up for them, and 10 s again
 * once pictures have come as steadily for that long. Time is counted in ticks (pulse.js). Knows nothing of the page.
 *
 * @typedef {{in: number, out: number, passed: Record<string, number>}} Frames of the relay's `stats` message
 */

import {Heartbeat, TICK_MS} from './heartbeat.js';

const QUIET_TICKS = 4;
const DEFAULT_TICKS = 67;

/** A connection that held this long was a good one: the next attempt comes at once again. */
const STABLE_TICKS = 34;

/**
 * frameCount: how many have come so far; videoPaused: whether it is no wonder that none comes; report hears at each tick
 * how the connection is doing, good once that it was a good one.
 *
 * @typedef {{
 *   frameCount: () => number,
 *   videoPaused: () => boolean,
 *   timeout: import('./patience.js').AdaptiveTimeout,
 *   report: (phase: 'live' | 'quiet') => void,
 *   onStable: () => void,
 * }} MonitorParts
 */
export class ConnectionMonitor {
  #peer;
  #parts;
  #limit;
  #messages = new Heartbeat(QUIET_TICKS, Infinity);
  #arrivals;
  #video;
  #arrivalCount = 0;
  #frameCount = 0;
  #ticks = 0;
  #steadyTicks = 0;
  /** @type {Frames | undefined} */
  #frames;
  #checkLiveness = oneAtATime(() => this.#readLiveness());
  #checkSession = oneAtATime(() => this.#verify());

  /** @param {import('./peer.js').Peer} peer @param {MonitorParts} parts */
  constructor(peer, parts) {
    this.#peer = peer;
    this.#parts = parts;
    this.#limit = parts.timeout.of(DEFAULT_TICKS);
    this.#arrivals = new Heartbeat(QUIET_TICKS, this.#limit);
    this.#video = new Heartbeat(QUIET_TICKS, this.#limit);
  }

  /** The relay has said something. @param {{type: string, frames?: Frames}} message */
  receive(message) {
    this.#onArrival();
    this.#messages.beat();
    if (message.type !== 'stats' || !message.frames) return;
    if (warmsUp(message.frames, this.#frames)) this.#video.beat();
    this.#frames = message.frames;
  }

  /** Resolves when the connection has ended, or has been given up. @returns {Promise<void>} */
  run() {
    const peer = this.#peer;
    this.#frameCount = this.#parts.frameCount();
    return new Promise((resolve) => {
      const timer = setInterval(() => this.#tick(), TICK_MS);
      const finish = () => { clearInterval(timer); resolve(); };
      peer.addEventListener('end', finish);
      this.#tick();
      if (peer.signal.aborted) finish();
    });
  }

  #tick() {
    if (++this.#ticks === STABLE_TICKS) this.#parts.onStable();
    if (this.#hasNewFrames()) this.#onFrame();
    if (this.#parts.videoPaused()) this.#video.beat();
    const [messages, arrivals, video] = [this.#messages, this.#arrivals, this.#video].map((heartbeat) => heartbeat.tick());
    if (arrivals === 'lost' || video === 'lost') return this.#giveUp();
    this.#steadyTicks = video === 'steady' ? this.#steadyTicks + 1 : 0;
    if (this.#steadyTicks >= this.#limit) this.#parts.timeout.reset();
    this.#parts.report(messages === 'steady' ? 'live' : 'quiet');
    if (messages !== 'steady') this.#checkSession();
    if (messages !== 'steady' || video !== 'steady') this.#checkLiveness();
    this.#peer.send({type: 'ping', t: performance.now()});
  }

  /** Whether pictures have come. */
  #hasNewFrames() {
    const before = this.#frameCount;
    this.#frameCount = this.#parts.frameCount();
    return this.#frameCount !== before;
  }

  #onFrame() {
    this.#onArrival();
    this.#messages.beat();
    this.#video.beat();
  }

  #onArrival() {
    this.#arrivalCount += 1;
    this.#arrivals.beat();
  }

  #giveUp() {
    this.#parts.timeout.grow();
    this.#peer.end();
  }

  async #readLiveness() {
    const activity = await this.#peer.readLiveness().catch(() => undefined);
    if (activity?.bytes) this.#onArrival();
    if (activity?.video) this.#video.beat();
  }

  async #verify() {
    const before = this.#arrivalCount;
    const known = await this.#peer.isKnown();
    if (!known && this.#arrivalCount === before) this.#peer.end();
  }
}

/** Whether frames reach the relay while all that have left it were not ready to be corrected. @param {Frames} now @param {Frames} [before] */
function warmsUp(now, before) {
  const unready = now.out === (now.passed.warming_up ?? 0);
  return unready && now.in > (before?.in ?? 0);
}

/** The same act, left out while it is still under way. @param {() => Promise<void>} act */
function oneAtATime(action) {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    await action().finally(() => { busy = false; });
  };
}
