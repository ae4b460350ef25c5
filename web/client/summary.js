/** The library's statistics in one object. Knows nothing of where they come from. */

/**
 * @typedef {Omit<import('../eyeline.d.ts').Stats, 'state' | 'where' | 'track' | 'sound'>} Summary
 * @typedef {import('../page/stats.js').Stats} Stats
 */

/** Statistics before any report of the relay. @returns {Summary} */
export function emptyStats() {
  return {
    altered: false, share: 0, reason: '', trip_ms: null, way_ms: null, up_mbps: null, down_mbps: null,
    width: 0, height: 0, fps_in: 0, fps_out: 0, faces: 0, pipeline: '',
    frames: {in: 0, out: 0, dropped: 0, corrected: 0, passed: {}}, delay_ms: null, stages_ms: {}, age_frames: {},
  };
}

/**
 * @param {Stats} stats from where frames are warped
 * @param {import('./gaze.js').Finding} finding
 * @param {import('./connection/gauge.js').Load | undefined} load
 * @param {Summary} before
 * @returns {Summary}
 */
export function statsOf(stats, finding, load, {trip_ms}) {
  const {width, height, fps_in, fps_out, faces, pipeline, frames, delay_ms, stages_ms, age_frames} = stats;
  const {altered, share, reason} = finding;
  return {
    altered, share, reason, trip_ms, way_ms: load?.way ?? null, up_mbps: load?.up ?? null, down_mbps: load?.down ?? null,
    width, height, fps_in, fps_out, faces, pipeline, frames, delay_ms, stages_ms, age_frames,
  };
}
