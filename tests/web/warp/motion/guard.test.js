/** The browser's blink guard against the relay's: the same images and landmarks give the same factors. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {guard} from '../../../../web/warp/motion/guard.js';
import {carry, makeReference} from '../../../../web/warp/motion/motion.js';
import {faceAt, texture} from '../../doubles/texture.js';
import {vectors} from '../../doubles/vectors.js';

const {blinks, glances} = vectors('lids');

/** The factors of both eyes of the only face. */
function shares(before, faces, after) {
  const reference = makeReference(before, faces);
  const found = [...guard(reference, carry(reference, after, 0.1), after)];
  assert.deepEqual(found.map(([number]) => number), faces.map(({number}) => number));
  return [found[0][1].right, found[0][1].left];
}

/** Each sequence's images after the first, with their numbers: at 30 the lids are closed, before 27 they are open. */
function* moments() {
  for (const {pictures: [before, ...after], faces, numbers, shares: relays} of blinks) {
    for (const [at, number] of numbers.entries()) {
      yield {number, before, faces, after: after[at], relay: relays[at], width: Math.round(faces[0].right.stepX)};
    }
  }
}

test('the browser sees lids as the relay does, within 0.15, whatever they do and wherever the head goes', () => {
  let seen = 0;
  for (const {number, before, faces, after, relay, width} of moments()) {
    const here = shares(before, faces, after);
    const far = Math.max(...here.map((share, side) => Math.abs(share - relay[side])));
    assert(far < 0.15, `picture ${number}, eyes of ${width} pixels: ${here} here, ${relay} at the relay`);
    seen += 1;
  }
  assert.equal(seen, 39);
});

test('a shut eye loses all and an open one nothing', () => {
  for (const {number, before, faces, after, width} of moments()) {
    const here = shares(before, faces, after);
    if (number === 30) assert(Math.max(...here) < 0.2, `shut, ${width} pixels: ${here}`);
    if (number === 24) assert(Math.min(...here) > 0.9, `open, ${width} pixels: ${here}`);
  }
});

test('a glance is no blink', () => {
  for (const {pictures: [before, ...turned], faces} of glances) {
    for (const after of turned) assert(Math.min(...shares(before, faces, after)) > 0.9);
  }
});

test('light does not count', () => {
  for (const {number, before, faces, after} of moments()) {
    if (number !== 30) continue;
    const dim = (picture) => ({...picture, data: picture.data.map((value) => 0.7 * value)});
    assert(Math.min(...shares(before, faces, dim(before))) > 0.9);
    assert(Math.max(...shares(before, faces, dim(after))) < 0.2);
  }
});

test('an eye that was shut is left to its landmarks', () => {
  const faces = [faceAt([160, 120], 24, {openness: 0.05})];
  assert.deepEqual(shares(texture(320, 240), faces, texture(320, 240, 2)), [1, 1]);
});

test('faces that cannot be compared are left out', () => {
  const people = [faceAt([160, 120], 24, {number: 4}), faceAt([900, 120], 24, {number: 5})];
  const [usual, large] = [texture(320, 240), texture(640, 480)];
  const reference = makeReference(usual, people);
  assert.deepEqual([...guard(reference, carry(reference, usual, 0.1), usual).keys()], [4]);
  assert.equal(guard(reference, carry(reference, large, 0.1), large).size, 0);
  assert.equal(guard(reference, [], usual).size, 0);
});
