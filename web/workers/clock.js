/** One clock for the page and its workers; performance.now() of each starts when its thread does. */

/** Milliseconds since an origin common to all threads. */
export const now = () => performance.timeOrigin + performance.now();

/** Converts a time of that clock to this thread's performance.now(). */
export const here = (/** @type {number} */ at) => at - performance.timeOrigin;
