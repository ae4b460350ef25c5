/** Whose figures are shown, and what they say of now. */

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import {Account} from '../../web/account.js';

const told = (corrected, passed) => ({
  width: 640, height: 360, fps_in: 30, fps_out: 30, faces: 1, pipeline: 'pipelined', delay_ms: null,
  frames: {in: 0, out: 0, dropped: 0, corrected, passed},
  stages_ms: {landmarks: {p50: 15, p95: 18}, field: {p50: 3, p95: 4}},
  age_frames: {landmarks: {p50: 0, p95: 0}},
});
const own = (corrected, passed) => ({
  width: 1280, height: 720, fps_in: 29, fps_out: 28, delay_ms: {p50: 5, p95: 9},
  frames: {in: 9, out: 8, dropped: 1, corrected, passed},
  stages_ms: {warp: {p50: 2, p95: 3}}, age_frames: {landmarks: {p50: 2, p95: 3}, field: {p50: 3, p95: 4}},
});
const middles = (spreads) => Object.fromEntries(Object.entries(spreads).map(([name, {p50}]) => [name, p50]));

let account;
beforeEach(() => { account = new Account(); });

test('the account is of whoever warps', () => {
  const relays = told(5, {});
  assert.equal(account.add(relays).stats, relays);
  const {stats} = account.add(told(5, {}), own(3, {late: 4}));
  assert.deepEqual([stats.width, stats.fps_out, stats.delay_ms.p50, stats.faces], [1280, 28, 5, 1]);
  assert.deepEqual(middles(stats.stages_ms), {landmarks: 15, field: 3, warp: 2});
  assert.deepEqual(middles(stats.age_frames), {landmarks: 2, field: 3});
  assert.deepEqual(stats.frames, {in: 9, out: 8, dropped: 1, corrected: 3, passed: {late_here: 4}});
});

for (const [relays, mine, reason] of [
  [told(0, {off: 30}), own(0, {no_face: 30}), 'off'],
  [told(0, {turned_away: 30}), own(0, {held_back: 30}), 'turned_away'],
  [told(30, {}), own(0, {no_face: 30}), 'no_face'],
  [told(30, {}), own(0, {late: 30}), 'late_here'],
  [told(0, {off: 30}), own(0, {eyes_closed: 30}), 'eyes_closed'],
]) {
  test(`why a browser leaves pictures as they are, the relay may know better: ${reason}`, () => {
    account.add(told(0, {}), own(0, {}));
    assert.deepEqual(account.add(relays, mine).finding, {altered: false, share: 0, reason});
  });
}

test('a browser that warps says nothing of now from what was before', () => {
  const altered = (...counts) => account.add(told(0, {}), own(...counts)).finding.altered;
  assert.equal(altered(900, {}), false);
  assert.equal(altered(930, {}), true);
  account.forget();
  assert.equal(altered(930, {no_face: 30}), false);
});
