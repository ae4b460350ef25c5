/** What a track shows, and why, in one object. Knows nothing of tracks or connections. */

import {explainCode} from './connection/problem.js';

/**
 * @typedef {import('../eyeline.d.ts').StateDetail} StateDetail
 * @typedef {{showing: import('./track/switch.js').Showing, phase: import('../eyeline.d.ts').Phase, ended: boolean,
 *   error: import('./connection/problem.js').RelayError | undefined, before: StateDetail}} Facts ended: whether
 *   the camera has; before: the previous status
 */

/** @type {StateDetail} */
export const INITIAL = Object.freeze({state: 'connecting', phase: 'connecting', code: '', message: ''});

/** The current status; reports changes. */
export class Status {
  #read;
  #report;
  /** @type {import('./connection/problem.js').RelayError | undefined} */
  #error;
  /** State of the connection. @type {import('../eyeline.d.ts').Phase} */
  phase = 'connecting';
  status = INITIAL;

  /** @param {() => Pick<Facts, 'showing' | 'ended'>} read @param {(status: StateDetail) => void} report */
  constructor(read, report) {
    this.#read = read;
    this.#report = report;
  }

  /**
   * Sets the connection's state. Call update() afterwards.
   * @param {import('../eyeline.d.ts').Phase} phase
   * @param {import('./connection/problem.js').RelayError} [error]
   */
  setPhase(phase, error) {
    this.phase = phase;
    this.#error = error;
  }

  /** Computes the status, and reports it if it has changed. */
  update() {
    const before = this.status;
    this.status = statusOf({...this.#read(), phase: this.phase, error: this.#error, before});
    if (!same(before, this.status)) this.#report(this.status);
  }
}

/** @param {Facts} facts @returns {StateDetail} */
export function statusOf(facts) {
  const {phase, showing} = facts;
  const reason = reasonOf(facts);
  if (phase === 'stopped') return {state: 'stopped', phase, ...NO_REASON};
  if (phase === 'live' && showing === 'corrected') return {state: 'corrected', phase, ...reason};
  return {state: reason.code ? 'raw' : 'connecting', phase, ...reason};
}

/** Whether two statuses are equal. @param {StateDetail} one @param {StateDetail} other */
export function same(one, other) {
  return one.state === other.state && one.phase === other.phase && one.code === other.code;
}

const NO_REASON = {code: '', message: ''};

/** @param {Facts} facts */
function reasonOf({showing, phase, ended, error, before}) {
  if (ended) return {code: 'camera_gone', message: explainCode('camera_gone')};
  if (phase === 'quiet') return {code: 'quiet', message: explainCode('quiet')};
  const fellSilent = phase === 'live' && showing === 'raw' && (before.state === 'corrected' || before.code === 'silent');
  if (fellSilent) return {code: 'silent', message: explainCode('silent')};
  if (phase === 'live' || !error) return NO_REASON;
  return {code: error.code, message: error.message};
}
