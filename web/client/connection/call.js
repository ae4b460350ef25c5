/**
 * Keeps a connection to the relay while a call lasts: connects, monitors it (connection-monitor.js), and reconnects
 * when it is lost. Knows nothing of the page; state changes are reported.
 *
 * @typedef {{phase: 'connecting' | 'waiting', error?: RelayError}
 *   | {phase: 'live' | 'quiet', peer: Peer}
 *   | {phase: 'refused', error: RelayError}} CallState
 */

import {delayBefore, pause} from './backoff.js';
import {AdaptiveTimeout} from './patience.js';
import {Peer} from './peer.js';
import {RelayError, explainCode} from './problem.js';
import {ConnectionMonitor} from './connection-monitor.js';

/**
 * One call. `report` is called with each state, `onMessage` with each message of the relay except pongs, `onRoundTrip`
 * with each round trip time in milliseconds; `frameCount` returns the number of corrected frames received so far;
 * `local` returns the local warping if the next connection warps in this browser, and raises RelayError if it cannot.
 *
 * @typedef {{
 *   relay: import('./api.js').Relay,
 *   stream: MediaStream,
 *   settings: {correction: import('../settings.js').Correction},
 *   publish?: object,
 *   report: (state: CallState) => void,
 *   onMessage: (message: any) => void,
 *   onRoundTrip: (milliseconds: number) => void,
 *   onConfig: (config: import('./api.js').RelayConfig) => void,
 *   frameCount: () => number,
 *   local: () => import('../../warp/local.js').Local | undefined,
 * }} CallParts
 */
export class Call {
  #parts;
  #wake = new EventTarget();
  #timeout = new AdaptiveTimeout();
  #attempt = 0;
  #renewed = false;
  /** @type {RelayError | undefined} */
  #error;
  /** Set if the relay itself ends the connection. @type {RelayError | undefined} */
  #endedBecause;
  /** @type {Peer | undefined} */
  #latest;
  /** The connection, while it is open. @type {Peer | undefined} */
  peer;

  /** @param {CallParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Ends the current wait for a retry. */
  retry() {
    this.#wake.dispatchEvent(new Event('wake'));
  }

  /** Reconnects at once. */
  renew() {
    this.#renewed = true;
    this.#latest?.end();
    this.retry();
  }

  /** Runs until the signal aborts. @param {AbortSignal} signal */
  async run(signal) {
    window.addEventListener('online', () => this.retry(), {signal});
    while (!signal.aborted) {
      try {
        this.#renewed = false;
        this.#endedBecause = undefined;
        this.#parts.report({phase: 'connecting', error: this.#error});
        await this.#connect(signal);
        if (this.#renewed || signal.aborted) continue;
        this.#error = this.#endedBecause ?? new RelayError('lost', explainCode('lost'));
      } catch (error) {
        if (signal.aborted) return;
        if (this.#renewed) continue;
        this.#error = error instanceof RelayError ? error : new RelayError('failed', String(error), {lasting: true});
      }
      await this.#waitForRetry(this.#error, signal).catch(() => {});
    }
  }

  /** One connection, from its offer to its end. */
  async #connect(/** @type {AbortSignal} */ signal) {
    const {relay, stream, settings, publish} = this.#parts;
    const config = await relay.readConfig(signal);
    this.#parts.onConfig(config);
    this.#renewed = false; // requests up to now are covered by this connection
    const peer = this.#latest = new Peer(relay, config.iceServers, this.#timeout, this.#parts.local());
    const monitor = this.#monitor(peer);
    try {
      this.#addListeners(peer, monitor);
      await peer.open(stream, {settings: settings.correction, publish}, signal);
      this.peer = peer;
      await monitor.run();
    } finally {
      this.peer = undefined;
      peer.end();
    }
  }

  #monitor(/** @type {Peer} */ peer) {
    return new ConnectionMonitor(peer, {
      // If this browser warps, its frames flow regardless of the relay: packets are counted instead.
      frameCount: () => peer.here ? peer.packets : this.#parts.frameCount(),
      videoPaused: () => this.#videoPaused,
      timeout: this.#timeout,
      report: (phase) => this.#parts.report({phase, peer}),
      onStable: () => { this.#attempt = 0; },
    });
  }

  #addListeners(/** @type {Peer} */ peer, /** @type {ConnectionMonitor} */ monitor) {
    peer.addEventListener('message', (event) => {
      const message = /** @type {CustomEvent} */ (event).detail;
      monitor.receive(message);
      if (message.type === 'pong') this.#parts.onRoundTrip(performance.now() - message.t);
      else this.#parts.onMessage(message);
      if (message.type === 'draining') this.#onDraining(peer);
    });
  }

  /** The relay is about to stop; the next attempt may reach another one. */
  #onDraining(/** @type {Peer} */ peer) {
    this.#endedBecause = new RelayError('draining', explainCode('draining'));
    peer.end();
  }

  /** Whether no video is expected back: the page is hidden, or the camera is muted. */
  get #videoPaused() {
    return document.hidden || this.#parts.stream.getVideoTracks().every(({muted}) => muted);
  }

  /** Waits for the next attempt; after a lasting error, until retry() is called. */
  #waitForRetry(/** @type {RelayError} */ error, /** @type {AbortSignal} */ signal) {
    this.#parts.report({phase: error.lasting ? 'refused' : 'waiting', error});
    const delay = Math.max(delayBefore(this.#attempt++), error.retryAfter);
    return pause(error.lasting ? 2 ** 31 - 1 : delay, signal, this.#wake);
  }
}
