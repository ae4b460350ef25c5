/**
 * Keeps a connection to the relay for as long as the call lasts: connects, has it watched over (watch.js), and begins
 * again when it is gone. Knows nothing of the page; what happens is reported.
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
 * One call. `report` hears each state, `onMessage` each message of the relay but pongs, `trip` each round trip in
 * milliseconds; `pictures` tells how many corrected pictures have come so far; `local` gives what warps in this
 * browser, if it is to be here that the next connection warps, and raises RelayError where it cannot.
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
  /** Why the relay itself ends the connection. @type {RelayError | undefined} */
  #endedBecause;
  /** @type {Peer | undefined} */
  #latest;
  /** The connection, while it stands. @type {Peer | undefined} */
  peer;

  /** @param {CallParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Cuts a wait short. */
  retry() {
    this.#wake.dispatchEvent(new Event('wake'));
  }

  /** Connects anew at once. */
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
    this.#renewed = false; // what was wished until now is about to be done
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
      // Where this browser warps its picture moves whatever the relay does: what counts is what the relay sends.
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

  /** The relay is about to stop: there may be another one. */
  #onDraining(/** @type {Peer} */ peer) {
    this.#endedBecause = new RelayError('draining', explainCode('draining'));
    peer.end();
  }

  /** Whether it is no wonder that no picture comes back: the page is hidden, or the camera itself shows nothing. */
  get #videoPaused() {
    return document.hidden || this.#parts.stream.getVideoTracks().every(({muted}) => muted);
  }

  /** Waits for the next attempt; where another attempt cannot help, until somebody asks for one. */
  #waitForRetry(/** @type {RelayError} */ error, /** @type {AbortSignal} */ signal) {
    this.#parts.report({phase: error.lasting ? 'refused' : 'waiting', error});
    const delay = Math.max(delayBefore(this.#attempt++), error.retryAfter);
    return pause(error.lasting ? 2 ** 31 - 1 : delay, signal, this.#wake);
  }
}
