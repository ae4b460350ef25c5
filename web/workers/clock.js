/** One clock for the page and its workers, whose own ones begin when each of them does. */

/** Milliseconds since some moment that is the same for all. */
export const now = () => performance.timeOrigin + performance.now();

/** A moment of that clock on this thread's own one, performance.now(). */
export const here = (/** @type {number} */ at) => at - performance.timeOrigin;
