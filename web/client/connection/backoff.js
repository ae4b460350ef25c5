/** Delays between retries. Knows nothing of what is retried. */

const FIRST_MS = 400;
const MAX_MS = 3000;
const JITTER = 0.2;

/**
 * Milliseconds before retry number `attempt` (0 is the first): exponential, capped, and with jitter, so that many
 * clients do not reconnect to a restarted relay at the same time.
 * @param {number} attempt
 * @param {() => number} random 0 to 1
 */
export function delayBefore(attempt, random = Math.random) {
  const steady = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return steady * (1 + JITTER * (2 * random() - 1));
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
    const abort = new AbortController();
    const finish = (/** @type {() => void} */ complete) => () => {
      abort.abort();
      clearTimeout(timer);
      complete();
    };
    const timer = setTimeout(finish(resolve), milliseconds);
    wake.addEventListener('wake', finish(resolve), {signal: abort.signal});
    signal.addEventListener('abort', finish(() => reject(signal.reason)), {signal: abort.signal});
  });
}
