/**
 * Waits during a connection: for ICE candidates, for the channel to open, for the connection to fail. A connection that
 * makes progress is slow, not dead, and is not given up. Knows nothing of sessions or of the page.
 */

import {RelayError, explainCode} from './problem.js';
import {Heartbeat, TICK_MS} from './heartbeat.js';

/** Timeouts for more candidates once there is one, and for the first one; milliseconds. */
const MORE_MS = 2000;
const FIRST_MS = 10000;

/** Ticks without any progress after which connecting has failed. */
const STUCK_TICKS = 67;

/** @typedef {import('./patience.js').AdaptiveTimeout} AdaptiveTimeout */

/**
 * Resolves when gathering is complete, has timed out (the relay accepts no later candidates), or the signal aborts.
 * @param {RTCPeerConnection} connection @param {AdaptiveTimeout} timeout @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function gathered(connection, timeout, signal) {
  const startedAt = performance.now();
  const due = () => {
    if (signal.aborted || connection.iceGatheringState === 'complete') return true;
    const any = connection.localDescription?.sdp.includes('a=candidate');
    return performance.now() - startedAt >= timeout.of(any ? MORE_MS : FIRST_MS);
  };
  return new Promise((resolve) => {
    const abort = new AbortController();
    const check = () => {
      if (!due()) return;
      abort.abort();
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(check, TICK_MS);
    connection.addEventListener('icegatheringstatechange', check, {signal: abort.signal});
    signal.addEventListener('abort', check, {signal: abort.signal});
    check();
  });
}

/**
 * Resolves when the channel is open. Raises RelayError when the signal aborts first, or there is no progress for too
 * long: no change of the connection's state, and no bytes received.
 * @param {RTCPeerConnection} connection @param {RTCDataChannel} channel
 * @param {import('./liveness.js').Liveness} liveness
 * @param {AdaptiveTimeout} timeout @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export async function opened(connection, channel, liveness, timeout, signal) {
  const stuck = timeout.of(STUCK_TICKS);
  const heartbeat = new Heartbeat(stuck, stuck);
  const abort = new AbortController();
  for (const change of ['iceconnectionstatechange', 'connectionstatechange']) {
    connection.addEventListener(change, () => heartbeat.beat(), {signal: abort.signal});
  }
  /** @type {Promise<void>} */
  const open = new Promise((resolve, reject) => {
    const check = () => {
      if (channel.readyState === 'open') return resolve();
      const lost = heartbeat.tick() === 'lost';
      if (lost) timeout.grow();
      if (lost || signal.aborted) return reject(new RelayError('no_media', explainCode('no_media')));
      liveness.read().then(({bytes}) => { if (bytes) heartbeat.beat(); }, () => {});
    };
    const timer = setInterval(check, TICK_MS);
    abort.signal.addEventListener('abort', () => clearInterval(timer));
    channel.addEventListener('open', check, {signal: abort.signal});
    signal.addEventListener('abort', check, {signal: abort.signal});
    check();
  });
  return open.finally(() => abort.abort());
}

/** Resolves when the connection has failed or is closed. @returns {Promise<void>} */
export function failed(/** @type {RTCPeerConnection} */ connection) {
  return new Promise((resolve) => {
    const check = () => { if (['failed', 'closed'].includes(connection.connectionState)) resolve(); };
    connection.addEventListener('connectionstatechange', check);
    check();
  });
}
