/**
 * Monitors one connection: decides when to show the camera's own frames, and when to replace the connection. A
 * connection on which anything arrives is slow, not dead:
 *
 *   quiet   no message of the relay and no frame for 0.6 s. The camera's own frames are shown, and the relay is asked
 *           over HTTP whether it still knows the session. A no ends the connection, unless something has arrived
 *           meanwhile; a missing response means nothing.
 *   dead    nothing has arrived for 10 s: no message, no frame, and no bytes by the connection's own statistics.
 *   blind   for 10 s no frame, no packet or decoded frame of video by those statistics, and no message of the relay
 *           that it is warming up: that it receives frames while all it has sent were uncorrected for that reason.
 *
 * The 10 s are an adaptive timeout (patience.js): doubled after each connection given up because of it, and reset once
 * frames have come steadily for that long. Time is counted in ticks (heartbeat.js). Knows nothing of the page.
 *
 * @typedef {{in: number, out: number, passed: Record<string, number>}} Frames of the relay's `stats` message
 */

import {Heartbeat, TICK_MS} from './heartbeat.js';

const QUIET_TICKS = 4;
const DEFAULT_TICKS = 67;

/** A connection that lasted this long was stable: the retry delay is reset. */
const STABLE_TICKS = 34;

/**
 * frameCount: frames received so far; videoPaused: whether none are expected; report: called at each tick with the
 * connection's state; onStable: called once the connection has proved stable.
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

  /** A message of the relay was received. @param {{type: string, frames?: Frames}} message */
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
    const [messages, arrivals, video] = [this.#messages, this.#arrivals, this.#video].map((one) => one.tick());
    if (arrivals === 'lost' || video === 'lost') return this.#giveUp();
    this.#steadyTicks = video === 'steady' ? this.#steadyTicks + 1 : 0;
    if (this.#steadyTicks >= this.#limit) this.#parts.timeout.reset();
    this.#parts.report(messages === 'steady' ? 'live' : 'quiet');
    if (messages !== 'steady') this.#checkSession();
    if (messages !== 'steady' || video !== 'steady') this.#checkLiveness();
    this.#peer.send({type: 'ping', t: performance.now()});
  }

  /** Whether frames have come since the last tick. */
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

/**
 * Whether the relay receives frames, and all it has sent were uncorrected because it is warming up.
 * @param {Frames} now
 * @param {Frames} [before]
 */
function warmsUp(now, before) {
  const unready = now.out === (now.passed.warming_up ?? 0);
  return unready && now.in > (before?.in ?? 0);
}

/** Wraps an action so that a call is skipped while the previous one is pending. @param {() => Promise<void>} action */
function oneAtATime(action) {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    await action().finally(() => { busy = false; });
  };
}
