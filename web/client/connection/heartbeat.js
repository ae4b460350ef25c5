/**
 * Whether something that should beat regularly still does. Time is counted in ticks of the owner's timer, not in
 * milliseconds: where a busy machine holds up the page, the ticks are held up with the beats, and nothing is
 * declared dead that was merely waiting its turn. Knows nothing of what beats.
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

  /** A sign of life. */
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
