/**
 * Detects that a regular event stops. Time is counted in ticks of the owner's timer, not in milliseconds: a busy
 * machine delays ticks and events alike, so a delayed event is not taken for a lost one. Knows nothing of what beats.
 */

/** Length of one tick, milliseconds. */
export const TICK_MS = 150;

/** @typedef {'steady' | 'quiet' | 'lost'} Health */

export class Heartbeat {
  #misses = 0;
  #beat = true;

  /**
   * @param {number} quietAfter ticks without a beat after which it is quiet
   * @param {number} lostAfter ticks without a beat after which it is lost
   */
  constructor(quietAfter, lostAfter) {
    this.quietAfter = quietAfter;
    this.lostAfter = lostAfter;
  }

  /** The event has occurred. */
  beat() {
    this.#beat = true;
  }

  /** One tick has passed. @returns {Health} */
  tick() {
    this.#misses = this.#beat ? 0 : this.#misses + 1;
    this.#beat = false;
    return this.health;
  }

  /** @returns {Health} */
  get health() {
    if (this.#misses >= this.lostAfter) return 'lost';
    return this.#misses >= this.quietAfter ? 'quiet' : 'steady';
  }
}
