/** How long to wait before another attempt. Knows nothing of what is attempted. */

const FIRST_MS = 400;
const LONGEST_MS = 3000;
const SPREAD = 0.2;

/**
 * Milliseconds before attempt number `attempt` (0 is the first repetition): doubling, capped, and spread so that
 * many pages do not return to a restarted relay in the same instant.
 * @param {number} attempt
 * @param {() => number} random 0 to 1
 */
export function delayBefore(attempt, random = Math.random) {
  const steady = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return steady * (1 + SPREAD * (2 * random() - 1));
}

/**
 * Resolves after `milliseconds`, earlier when `wake` fires `wake`, and rejects when `signal` aborts.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @param {EventTarget} wake
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal, wake) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const over = new AbortController();
    const finish = (/** @type {() => void} */ settle) => () => {
      over.abort();
      clearTimeout(timer);
      settle();
    };
    const timer = setTimeout(finish(resolve), milliseconds);
    wake.addEventListener('wake', finish(resolve), {signal: over.signal});
    signal.addEventListener('abort', finish(() => reject(signal.reason)), {signal: over.signal});
  });
}
