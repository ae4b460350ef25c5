/**
 * Whether frames are being corrected, and if not, why; computed from two successive statistics. Knows nothing of the
 * page.
 *
 * @typedef {{corrected: number, passed: Record<string, number>}} FrameCounts
 * @typedef {{altered: boolean, share: number, reason: string}} Finding share: 0..1 of the frames; reason: the
 *   most frequent verdict on uncorrected frames, or empty
 */

/** @type {Record<string, string>} */
const REASONS = {
  off: 'correction is off',
  no_strength: 'strength is zero',
  no_offset: 'the offset is zero',
  no_face: 'no face in the picture',
  eyes_closed: 'eyes closed',
  turned_away: 'turned too far from the lens',
  doubtful: 'eyes not seen well enough',
  warming_up: 'warming up',
  held_back: 'held back by the relay',
  late: 'the relay cannot keep up',
  late_here: 'what the relay says comes too late',
  failed: 'the relay had an error',
  failed_here: 'this browser had an error',
  no_graphics: 'this browser’s graphics are gone for the moment',
};

/** A verdict in plain words. */
export function explain(/** @type {string} */ verdict) {
  return REASONS[verdict] ?? verdict.replaceAll('_', ' ');
}

/**
 * The outcome of the frames between two statistics of one session.
 * @param {FrameCounts | undefined} earlier undefined: since the session began
 * @param {FrameCounts} later
 * @returns {Finding}
 */
export function judge(earlier, later) {
  const corrected = later.corrected - (earlier?.corrected ?? 0);
  const passed = Object.entries(later.passed)
    .map(([verdict, count]) => ({verdict, count: count - (earlier?.passed[verdict] ?? 0)}))
    .filter(({count}) => count > 0)
    .sort((a, b) => b.count - a.count);
  const total = passed.reduce((sum, {count}) => sum + count, corrected);
  return {altered: corrected > 0, share: total > 0 ? corrected / total : 0, reason: passed[0]?.verdict ?? ''};
}

/**
 * Why these settings alone leave every frame uncorrected; empty if they do not.
 * @param {import('./settings.js').Correction} correction
 */
export function idleBecause({enabled, mode, strength, pitch, yaw}) {
  if (!enabled) return 'off';
  if (strength === 0) return 'no_strength';
  return mode === 'natural' && pitch === 0 && yaw === 0 ? 'no_offset' : '';
}
