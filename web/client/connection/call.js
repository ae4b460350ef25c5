/**
 * Keeps a connection to the relay for as long as the call lasts: connects, has it watched over (watch.js), and begins
 * again when it is gone. Knows nothing of the page; what happens is reported.
 *
 * @typedef {{phase: 'connecting' | 'waiting', error?: RelayError}
 *   | {phase: 'live' | 'quiet', peer: Peer}
 *   | {phase: 'refused', error: RelayError}} CallState
 */

import {delayBefore, pause} from './backoff.js';
import {Patience} from './patience.js';
import {Peer} from './peer.js';
import {RelayError, explainCode} from './problem.js';
import {ConnectionMonitor} from './connection-monitor.js';

/**
 * One call. `report` hears each state, `hear` each message of the relay but pongs, `trip` each round trip in
 * milliseconds; `pictures` tells how many corrected pictures have come so far; `local` gives what warps in this
 * browser, if it is to be here that the next connection warps, and raises RelayError where it cannot.
 *
 * @typedef {{
 *   relay: import('./api.js').Relay,
 *   stream: MediaStream,
 *   settings: {correction: import('../settings.js').Correction},
 *   publish?: object,
 *   report: (state: CallState) => void,
 *   hear: (message: any) => void,
 *   trip: (milliseconds: number) => void,
 *   configured: (config: import('./api.js').RelayConfig) => void,
 *   pictures: () => number,
 *   local: () => import('../../warp/local.js').Local | undefined,
 * }} CallParts
 */
export class Call {
  #parts;
  #wake = new EventTarget();
  #patience = new Patience();
  #attempt = 0;
  #renewed = false;
  /** @type {RelayError | undefined} */
  #error;
  /** Why the relay itself ends the connection. @type {RelayError | undefined} */
  #dismissed;
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
        this.#dismissed = undefined;
        this.#parts.report({phase: 'connecting', error: this.#error});
        await this.#connect(signal);
        if (this.#renewed || signal.aborted) continue;
        this.#error = this.#dismissed ?? new RelayError('lost', explainCode('lost'));
      } catch (error) {
        if (signal.aborted) return;
        if (this.#renewed) continue;
        this.#error = error instanceof RelayError ? error : new RelayError('failed', String(error), {lasting: true});
      }
      await this.#rest(this.#error, signal).catch(() => {});
    }
  }

  /** One connection, from its offer to its end. */
  async #connect(/** @type {AbortSignal} */ signal) {
    const {relay, stream, settings, publish} = this.#parts;
    const config = await relay.readConfig(signal);
    this.#parts.configured(config);
    this.#renewed = false; // what was wished until now is about to be done
    const peer = this.#latest = new Peer(relay, config.iceServers, this.#patience, this.#parts.local());
    const watch = this.#watchOver(peer);
    try {
      this.#listen(peer, watch);
      await peer.open(stream, {settings: settings.correction, publish}, signal);
      this.peer = peer;
      await watch.run();
    } finally {
      this.peer = undefined;
      peer.end();
    }
  }

  #watchOver(/** @type {Peer} */ peer) {
    return new ConnectionMonitor(peer, {
      // Where this browser warps its picture moves whatever the relay does: what counts is what the relay sends.
      pictures: () => peer.here ? peer.packets : this.#parts.pictures(),
      blindfolded: () => this.#blindfolded,
      patience: this.#patience,
      report: (phase) => this.#parts.report({phase, peer}),
      good: () => { this.#attempt = 0; },
    });
  }

  #listen(/** @type {Peer} */ peer, /** @type {ConnectionMonitor} */ watch) {
    peer.addEventListener('message', (event) => {
      const message = /** @type {CustomEvent} */ (event).detail;
      watch.hear(message);
      if (message.type === 'pong') this.#parts.trip(performance.now() - message.t);
      else this.#parts.hear(message);
      if (message.type === 'draining') this.#leave(peer);
    });
  }

  /** The relay is about to stop: there may be another one. */
  #leave(/** @type {Peer} */ peer) {
    this.#dismissed = new RelayError('draining', explainCode('draining'));
    peer.end();
  }

  /** Whether it is no wonder that no picture comes back: the page is hidden, or the camera itself shows nothing. */
  get #blindfolded() {
    return document.hidden || this.#parts.stream.getVideoTracks().every(({muted}) => muted);
  }

  /** Waits for the next attempt; where another attempt cannot help, until somebody asks for one. */
  #rest(/** @type {RelayError} */ error, /** @type {AbortSignal} */ signal) {
    this.#parts.report({phase: error.lasting ? 'refused' : 'waiting', error});
    const delay = Math.max(delayBefore(this.#attempt++), error.retryAfter);
    return pause(error.lasting ? 2 ** 31 - 1 : delay, signal, this.#wake);
  }
}
