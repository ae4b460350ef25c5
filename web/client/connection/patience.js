/**
 * How long to wait for what may only be slow: as long as usual at first, twice as long after each time that it was given
 * up, and as usual again once it has kept up. Knows nothing of what is waited for.
 */

/** At the most so many times as long as usual. */
const MAX_FACTOR = 8;

export class AdaptiveTimeout {
  #factor = 1;

  /** So much, in whatever unit, where the usual is this. */
  of(/** @type {number} */ usual) {
    return usual * this.#factor;
  }

  /** Something was given up that may only have been slow. */
  grow() {
    this.#factor = Math.min(MAX_FACTOR, 2 * this.#factor);
  }

  /** It keeps up. */
  reset() {
    this.#factor = 1;
  }
}
