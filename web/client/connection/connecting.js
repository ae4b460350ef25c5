/**
 * The moments of a connection that one has to wait for: candidates, the channel's opening, the other side's absence.
 * As long as something moves a connection is slow, and is waited for. Knows nothing of sessions or of the page.
 */

import {RelayError, explainCode} from './problem.js';
import {Heartbeat, TICK_MS} from './heartbeat.js';

/** How long to look for more candidates once there is one, and for a first one; milliseconds. */
const MORE_MS = 2000;
const FIRST_MS = 10000;

/** Ticks without anything new between here and the relay after which no connection will come about. */
const STUCK_TICKS = 67;

/** @typedef {import('./patience.js').AdaptiveTimeout} AdaptiveTimeout */

/**
 * Resolves when there are all candidates, or those found in time (the relay takes no later ones), or the signal aborts.
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
 * Resolves when the channel is open. Raises RelayError when the signal aborts before, or nothing has moved for too long:
 * no change of the connection's state, and not a byte from the other side.
 * @param {RTCPeerConnection} connection @param {RTCDataChannel} channel @param {import('./liveness.js').Liveness} liveness
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

/** Resolves when a connection has found out by itself that nobody is there. @returns {Promise<void>} */
export function failed(/** @type {RTCPeerConnection} */ connection) {
  return new Promise((resolve) => {
    const check = () => { if (['failed', 'closed'].includes(connection.connectionState)) resolve(); };
    connection.addEventListener('connectionstatechange', check);
    check();
  });
}
