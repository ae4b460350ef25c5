/** Matching RTP timestamps to frames in simulated calls, during which the RTP clock wraps. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Stamps} from '../../../web/warp/stamps.js';
import {call, judge} from '../doubles/call.js';

const SEEDS = [1, 2, 3];
const WITHOUT_ENCODER = {kinds: ['frame', 'received'], trip: 60};

/** The error of each packet of the call, in frames; and how frames were matched. */
function judged(given, how) {
  const stamps = new Stamps();
  return {off: judge(stamps, call(given), how), kind: stamps.kind};
}

/** The distinct values, sorted. */
const kinds = (off) => [...new Set(off)].sort();

for (const jitter of [0, 0.5, 6]) {
  test(`the encoder tells which frame is meant exactly, at ${jitter} ms of unrest`, () => {
    for (const seed of SEEDS) {
      const {off, kind} = judged({seed, jitter});
      assert.equal(kind, 'rtp');
      assert.deepEqual(kinds(off.slice(4)), [0]);
    }
  });
}

test("without the encoder the time of arrival and the camera's own unrest tell", () => {
  for (const seed of SEEDS) {
    const {off, kind} = judged({seed, jitter: 3}, WITHOUT_ENCODER);
    assert.equal(kind, 'time');
    assert.deepEqual(kinds(off.slice(60)), [0]);
  }
});

test('of a camera without unrest the time of arrival tells to a frame', () => {
  for (const seed of SEEDS) {
    const {off} = judged({seed, jitter: 0}, WITHOUT_ENCODER);
    const offsets = off.slice(30, -4); // the last frames have no later neighbour
    assert(offsets.every((one) => one !== null && Math.abs(one) <= 1), kinds(offsets).join());
  }
});

test('a frame that never came is not mistaken for its neighbour', () => {
  const {off} = judged({jitter: 2, drop: 0.2});
  const offsets = off.slice(4);
  assert.deepEqual(new Set(offsets), new Set([0, null]));
  const unknown = offsets.filter((one) => one === null).length / offsets.length;
  assert(unknown > 0.1 && unknown < 0.3, `${unknown}`);
});

test('another connection has another clock', () => {
  const stamps = new Stamps();
  judge(stamps, call());
  stamps.reset();
  assert.equal(stamps.kind, 'none');
  assert.deepEqual(kinds(judge(stamps, call({seed: 5, offset: 12_345})).slice(4)), [0]);
});
