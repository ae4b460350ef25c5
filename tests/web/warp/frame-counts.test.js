/** Counts and metrics of the frames that were warped here, or not. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {FrameCounts, spreadOf} from '../../../web/warp/frame-counts.js';

const near = (value, wanted, by) => assert(Math.abs(value - wanted) < by, `${value}, not ${wanted}`);

/** Twenty seconds at 30 frames a second; the first half of the frames take 400 ms, the others 4. */
function counted() {
  const counts = new FrameCounts();
  for (let frame = 0; frame < 600; frame++) {
    const [at, took] = [frame * 1000 / 30, frame < 300 ? 400 : 4];
    counts.arrive(at);
    if (frame % 10 === 3) counts.drop();
    else {
      const verdict = frame % 2 ? 'corrected' : 'no_face';
      counts.depart({frame, at: at + took, landmarks: frame - 2, field: frame - 3, verdict}, at, at + 1);
    }
  }
  return counts;
}

test('figures are those of the last seconds, and counts those of all', () => {
  const report = counted().report(20_000);
  assert.deepEqual(report.frames, {in: 600, out: 540, dropped: 60, corrected: 240, passed: {no_face: 300}});
  near(report.fps_in, 30, 0.5);
  near(report.fps_out, 27, 0.5);
  near(report.delay_ms.p95, 4, 1e-6);
  near(report.stages_ms.warp.p50, 3, 1e-6);
  assert.deepEqual(report.age_frames, {landmarks: {p50: 2, p95: 2}, field: {p50: 3, p95: 3}});
});

test('what was done to each frame is told once, of the newest frames', () => {
  const counts = counted();
  const trace = counts.takeTrace();
  assert.equal(trace.shown.at(-1).frame, 599);
  assert.deepEqual([trace.shown.length, trace.spans.length], [60, 60]);
  assert(trace.spans.every(({line, frame, begin, end}) => line === 'warp' && frame % 2 && begin < end));
  assert.deepEqual(counts.takeTrace(), {spans: [], shown: []});
});

test('what has not happened has no figures', () => {
  const {fps_in, fps_out, delay_ms, stages_ms, age_frames} = new FrameCounts().report(1000);
  assert.deepEqual([fps_in, fps_out, delay_ms, stages_ms, age_frames], [0, 0, null, {}, {}]);
  assert.equal(spreadOf([]), null);
  assert.deepEqual(spreadOf(Array.from({length: 100}, (_, n) => 99 - n)), {p50: 50, p95: 95});
});
