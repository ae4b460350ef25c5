/** The fade in the browser against the fade in the relay: the same ages, the same shares. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Fade} from '../../../web/warp/freshness.js';
import {vectors} from '../doubles/vectors.js';

const {steps, shares, ...limits} = vectors('fade');

test('corrections fade as the relay has them fade', () => {
  const fade = new Fade(limits);
  const found = steps.map(([landmarks, field, oldest, time]) => fade.share({landmarks, field, oldest}, time));
  for (const [at, share] of found.entries()) assert(Math.abs(share - shares[at]) < 1e-9, `step ${at}: ${share}`);
  assert(shares.includes(0) && shares.includes(1));
});

test('other limits hold from the next frame on', () => {
  const fade = new Fade({maxLandmarkAge: 4, maxFieldAge: 6});
  const ages = {landmarks: 5, field: 6, oldest: 0.2};
  assert.deepEqual([fade.share(ages, 0), fade.share(ages, 1)], [0, 0]);
  fade.limits = {maxLandmarkAge: 5, maxFieldAge: 6};
  assert.equal(fade.share(ages, 2), 1);
});
