/**
 * Statistics of the frames wherever they were warped: the relay reports its own work and what it has sent; a browser
 * that warps counts what it has shown. Knows nothing of the page.
 */

import {judge} from './gaze.js';

/** @typedef {import('../page/stats.js').Stats} Stats @typedef {import('./gaze.js').Finding} Finding */
/** @typedef {ReturnType<import('../warp/local.js').Local['stats']>} LocalStats what this browser has done */

/** Reasons for which the relay's statistics are more precise. */
const RELAY_REASONS = ['no_face', 'held_back', 'warming_up'];

/** Verdicts that mean something else here than at the relay. @type {Record<string, string>} */
const LOCAL_NAMES = {late: 'late_here', failed: 'failed_here'};

/** @type {Finding} */
const WARMING_UP = {altered: false, share: 0, reason: 'warming_up'};

export class MergedStats {
  /** @type {{relayStats: Stats, stats: Stats} | undefined} */
  #earlier;

  /**
   * Statistics from where frames are warped, and the finding for the time since the last call.
   * @param {Stats} relayStats
   * @param {LocalStats} [localStats] if this browser warps
   * @returns {{stats: Stats, finding: Finding}}
   */
  add(relayStats, localStats) {
    const earlier = this.#earlier;
    const stats = localStats ? merge(relayStats, localStats) : relayStats;
    this.#earlier = {relayStats, stats};
    // This browser's counts span connections: without an earlier reading they say nothing about the present.
    if (localStats && !earlier) return {stats, finding: WARMING_UP};
    const finding = judge(earlier?.stats.frames, stats.frames);
    if (localStats && RELAY_REASONS.includes(finding.reason)) {
      finding.reason = judge(earlier?.relayStats.frames, relayStats.frames).reason || finding.reason;
    }
    return {stats, finding};
  }
}

/**
 * The relay's stages for landmarks and field, and this browser's for the warp.
 * @param {Stats} relayStats
 * @param {LocalStats} localStats
 */
function merge(relayStats, localStats) {
  const {landmarks, field} = relayStats.stages_ms;
  const stages_ms = {...(landmarks && {landmarks}), ...(field && {field}), ...localStats.stages_ms};
  const passed = Object.entries(localStats.frames.passed)
    .map(([verdict, count]) => [LOCAL_NAMES[verdict] ?? verdict, count]);
  return {...relayStats, ...localStats, stages_ms, frames: {...localStats.frames, passed: Object.fromEntries(passed)}};
}
