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

/** @typedef {import('./patience.js').Patience} Patience */

/**
 * Resolves when there are all candidates, or those found in time (the relay takes no later ones), or the signal aborts.
 * @param {RTCPeerConnection} connection @param {Patience} patience @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function gathered(connection, patience, signal) {
  const begun = performance.now();
  const due = () => {
    if (signal.aborted || connection.iceGatheringState === 'complete') return true;
    const any = connection.localDescription?.sdp.includes('a=candidate');
    return performance.now() - begun >= patience.of(any ? MORE_MS : FIRST_MS);
  };
  return new Promise((resolve) => {
    const over = new AbortController();
    const look = () => {
      if (!due()) return;
      over.abort();
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(look, TICK_MS);
    connection.addEventListener('icegatheringstatechange', look, {signal: over.signal});
    signal.addEventListener('abort', look, {signal: over.signal});
    look();
  });
}

/**
 * Resolves when the channel is open. Raises RelayError when the signal aborts before, or nothing has moved for too long:
 * no change of the connection's state, and not a byte from the other side.
 * @param {RTCPeerConnection} connection @param {RTCDataChannel} channel @param {import('./liveness.js').Liveness} vitals
 * @param {Patience} patience @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export async function opened(connection, channel, vitals, patience, signal) {
  const stuck = patience.of(STUCK_TICKS);
  const pulse = new Heartbeat(stuck, stuck);
  const over = new AbortController();
  for (const change of ['iceconnectionstatechange', 'connectionstatechange']) {
    connection.addEventListener(change, () => pulse.beat(), {signal: over.signal});
  }
  /** @type {Promise<void>} */
  const open = new Promise((resolve, reject) => {
    const look = () => {
      if (channel.readyState === 'open') return resolve();
      const lost = pulse.tick() === 'lost';
      if (lost) patience.grow();
      if (lost || signal.aborted) return reject(new RelayError('no_media', explainCode('no_media')));
      vitals.read().then(({bytes}) => { if (bytes) pulse.beat(); }, () => {});
    };
    const timer = setInterval(look, TICK_MS);
    over.signal.addEventListener('abort', () => clearInterval(timer));
    channel.addEventListener('open', look, {signal: over.signal});
    signal.addEventListener('abort', look, {signal: over.signal});
    look();
  });
  return open.finally(() => over.abort());
}

/** Resolves when a connection has found out by itself that nobody is there. @returns {Promise<void>} */
export function failed(/** @type {RTCPeerConnection} */ connection) {
  return new Promise((resolve) => {
    const look = () => { if (['failed', 'closed'].includes(connection.connectionState)) resolve(); };
    connection.addEventListener('connectionstatechange', look);
    look();
  });
}
