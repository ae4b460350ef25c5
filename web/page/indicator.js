/** Shows whether the gaze is being altered, and if not, why not. Knows nothing of video. */

import {explain, idleBecause} from '../client/gaze.js';

/**
 * @typedef {{
 *   phase: string,
 *   showing: import('./view.js').Showing,
 *   held: boolean,
 *   correction: import('../client/settings.js').Correction,
 *   finding: import('../client/gaze.js').Finding | undefined,
 * }} Facts
 * @typedef {{altered: boolean, title: string, reason: string}} Message
 */

/** Below this share of altered frames, the reason why others are not is shown too. */
const MOSTLY = 0.5;

/** @type {Record<string, string>} */
const PHASES = {
  opening: 'starting the camera',
  connecting: 'connecting to the relay',
  quiet: 'the relay is not answering',
  waiting: 'no relay, reconnecting',
  refused: 'the relay refused',
};

/**
 * The message for these facts.
 * @param {Facts} facts
 * @returns {Message}
 */
export function describe({phase, showing, held, correction, finding}) {
  const unaltered = (/** @type {string} */ reason) => ({altered: false, title: 'Not corrected', reason});
  if (phase !== 'live') return unaltered(PHASES[phase] ?? '');
  if (held) return unaltered('original shown while held');
  const idle = idleBecause(correction);
  if (idle) return unaltered(explain(idle));
  if (showing !== 'corrected') return unaltered('waiting for the relay’s picture');
  if (!finding) return unaltered(explain('warming_up'));
  if (!finding.altered) return unaltered(explain(finding.reason || 'warming_up'));
  const reason = finding.share < MOSTLY && finding.reason ? `at times not: ${explain(finding.reason)}` : '';
  return {altered: true, title: 'Gaze corrected', reason};
}

export class Indicator {
  #box;
  #title;
  #reason;
  /** @type {Facts} */
  #facts;

  /** @param {HTMLElement} box @param {import('../client/settings.js').Correction} correction */
  constructor(box, correction) {
    this.#box = box;
    this.#title = /** @type {HTMLElement} */ (box.querySelector('#gaze-title'));
    this.#reason = /** @type {HTMLElement} */ (box.querySelector('#gaze-reason'));
    this.#facts = {phase: 'idle', showing: 'nothing', held: false, correction, finding: undefined};
  }

  /** Updates facts. Text is written only where it differs, so that a screen reader reads nothing twice. */
  update(/** @type {Partial<Facts>} */ changes) {
    this.#facts = {...this.#facts, ...changes};
    const {altered, title, reason} = describe(this.#facts);
    this.#box.dataset.altered = String(altered);
    if (this.#title.textContent !== title) this.#title.textContent = title;
    if (this.#reason.textContent !== reason) this.#reason.textContent = reason;
  }
}
