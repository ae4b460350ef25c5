/**
 * What has become of the pictures between two statistics, whoever warped them: the relay tells of its own work, and of
 * what it has sent; a browser that warps counts what it has shown. Knows nothing of the page.
 */

import {judge} from './gaze.js';

/** @typedef {import('../page/stats.js').Stats} Stats @typedef {import('./gaze.js').Finding} Finding */
/** @typedef {ReturnType<import('../warp/local.js').Local['stats']>} Own what this browser has done */

/** Why nothing was warped, where only the relay knows more. */
const RELAY_KNOWS = ['no_face', 'held_back', 'warming_up'];

/** What means another thing here than at the relay. @type {Record<string, string>} */
const AMBIGUOUS = {late: 'late_here', failed: 'failed_here'};

/** @type {Finding} */
const NOTHING_YET = {altered: false, share: 0, reason: 'warming_up'};

export class MergedStats {
  /** @type {{told: Stats, stats: Stats} | undefined} */
  #earlier;

  /**
   * The figures of whoever warps, and what they say about the time since the last ones.
   * @param {Stats} told by the relay
   * @param {Own} [own] where this browser warps
   * @returns {{stats: Stats, finding: Finding}}
   */
  add(told, own) {
    const earlier = this.#earlier;
    const stats = own ? merge(told, own) : told;
    this.#earlier = {told, stats};
    // This browser counts on while relays come and go: without what was before, it says nothing about now.
    if (own && !earlier) return {stats, finding: NOTHING_YET};
    const finding = judge(earlier?.stats.frames, stats.frames);
    if (own && RELAY_KNOWS.includes(finding.reason)) {
      finding.reason = judge(earlier?.told.frames, told.frames).reason || finding.reason;
    }
    return {stats, finding};
  }
}

/** The relay's work on landmarks and field, and this browser's on the picture. @param {Stats} told @param {Own} own */
function merge(told, own) {
  const {landmarks, field} = told.stages_ms;
  const stages_ms = {...(landmarks && {landmarks}), ...(field && {field}), ...own.stages_ms};
  const passed = Object.entries(own.frames.passed).map(([verdict, count]) => [AMBIGUOUS[verdict] ?? verdict, count]);
  return {...told, ...own, stages_ms, frames: {...own.frames, passed: Object.fromEntries(passed)}};
}
