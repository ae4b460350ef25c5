/**
 * An adaptive timeout: the default at first, doubled after each timeout, reset after success. Knows nothing of what is
 * waited for.
 */

/** Upper limit of the factor. */
const MAX_FACTOR = 8;

export class AdaptiveTimeout {
  #factor = 1;

  /** The current timeout for this default, in its unit. */
  of(/** @type {number} */ usual) {
    return usual * this.#factor;
  }

  /** A wait has timed out. */
  grow() {
    this.#factor = Math.min(MAX_FACTOR, 2 * this.#factor);
  }

  /** A wait has succeeded. */
  reset() {
    this.#factor = 1;
  }
}
