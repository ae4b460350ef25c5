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
 * The 10 s are patience (patience.js): twice as long after each connection that was given up for them, and 10 s again
 * once pictures have come as steadily for that long. Time is counted in ticks (pulse.js). Knows nothing of the page.
 *
 * @typedef {{in: number, out: number, passed: Record<string, number>}} Frames of the relay's `stats` message
 */

import {Heartbeat, TICK_MS} from './heartbeat.js';

const QUIET_TICKS = 4;
const USUAL_TICKS = 67;

/** A connection that held this long was a good one: the next attempt comes at once again. */
const GOOD_TICKS = 34;

/**
 * pictures: how many have come so far; blindfolded: whether it is no wonder that none comes; report hears at each tick
 * how the connection is doing, good once that it was a good one.
 *
 * @typedef {{
 *   pictures: () => number,
 *   blindfolded: () => boolean,
 *   patience: import('./patience.js').Patience,
 *   report: (phase: 'live' | 'quiet') => void,
 *   good: () => void,
 * }} MonitorParts
 */
export class ConnectionMonitor {
  #peer;
  #parts;
  #limit;
  #words = new Heartbeat(QUIET_TICKS, Infinity);
  #arrivals;
  #film;
  #arrived = 0;
  #counted = 0;
  #ticks = 0;
  #steady = 0;
  /** @type {Frames | undefined} */
  #told;
  #look = oneAtATime(() => this.#readLiveness());
  #ask = oneAtATime(() => this.#verify());

  /** @param {import('./peer.js').Peer} peer @param {MonitorParts} parts */
  constructor(peer, parts) {
    this.#peer = peer;
    this.#parts = parts;
    this.#limit = parts.patience.of(USUAL_TICKS);
    this.#arrivals = new Heartbeat(QUIET_TICKS, this.#limit);
    this.#film = new Heartbeat(QUIET_TICKS, this.#limit);
  }

  /** The relay has said something. @param {{type: string, frames?: Frames}} message */
  hear(message) {
    this.#arrive();
    this.#words.beat();
    if (message.type !== 'stats' || !message.frames) return;
    if (warmsUp(message.frames, this.#told)) this.#film.beat();
    this.#told = message.frames;
  }

  /** Resolves when the connection has ended, or has been given up. @returns {Promise<void>} */
  run() {
    const peer = this.#peer;
    this.#counted = this.#parts.pictures();
    return new Promise((resolve) => {
      const timer = setInterval(() => this.#tick(), TICK_MS);
      const finish = () => { clearInterval(timer); resolve(); };
      peer.addEventListener('end', finish);
      this.#tick();
      if (peer.signal.aborted) finish();
    });
  }

  #tick() {
    if (++this.#ticks === GOOD_TICKS) this.#parts.good();
    if (this.#moves()) this.#see();
    if (this.#parts.blindfolded()) this.#film.beat();
    const [words, arrivals, film] = [this.#words, this.#arrivals, this.#film].map((pulse) => pulse.tick());
    if (arrivals === 'lost' || film === 'lost') return this.#giveUp();
    this.#steady = film === 'steady' ? this.#steady + 1 : 0;
    if (this.#steady >= this.#limit) this.#parts.patience.ease();
    this.#parts.report(words === 'steady' ? 'live' : 'quiet');
    if (words !== 'steady') this.#ask();
    if (words !== 'steady' || film !== 'steady') this.#look();
    this.#peer.say({type: 'ping', t: performance.now()});
  }

  /** Whether pictures have come. */
  #moves() {
    const before = this.#counted;
    this.#counted = this.#parts.pictures();
    return this.#counted !== before;
  }

  #see() {
    this.#arrive();
    this.#words.beat();
    this.#film.beat();
  }

  #arrive() {
    this.#arrived += 1;
    this.#arrivals.beat();
  }

  #giveUp() {
    this.#parts.patience.grow();
    this.#peer.end();
  }

  async #readLiveness() {
    const signs = await this.#peer.readLiveness().catch(() => undefined);
    if (signs?.bytes) this.#arrive();
    if (signs?.video) this.#film.beat();
  }

  async #verify() {
    const before = this.#arrived;
    const known = await this.#peer.isKnown();
    if (!known && this.#arrived === before) this.#peer.end();
  }
}

/** Whether frames reach the relay while all that have left it were not ready to be corrected. @param {Frames} now @param {Frames} [before] */
function warmsUp(now, before) {
  const unready = now.out === (now.passed.warming_up ?? 0);
  return unready && now.in > (before?.in ?? 0);
}

/** The same act, left out while it is still under way. @param {() => Promise<void>} act */
function oneAtATime(act) {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    await act().finally(() => { busy = false; });
  };
}
