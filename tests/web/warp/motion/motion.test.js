/** The browser's motion compensation against the relay's: the same images give the same positions. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {carry, extrapolate, velocities, makeReference} from '../../../../web/warp/motion/motion.js';
import {faceAt, moved, texture} from '../../doubles/texture.js';
import {apart, vectors} from '../../doubles/vectors.js';

const {textures, heads, blinks, pace} = vectors('motion');
const [WIDTH, HEIGHT] = [240, 160];
const FACE = faceAt([120, 80], 24);

/** The faces of one image, carried to another. */
const carried = (before, faces, after) => carry(makeReference(before, faces), after, 0.1);

test('the browser follows as the relay does, within 0.3 pixels or 1.5 % of an eye', () => {
  for (const [motion, after] of textures.after.entries()) {
    for (const [size, faces] of textures.faces.entries()) {
      const [found] = carried(textures.before, faces, after);
      const far = apart(found, textures.carried[motion][size][0]);
      const limit = Math.max(0.3, 0.015 * faces[0].right.stepX);
      assert(far < limit, `motion ${motion}, eyes of ${faces[0].right.stepX} pixels: ${far}`);
    }
  }
});

test('a head is followed in a small copy of the picture, within 5 % of an eye, three frames on', () => {
  for (const [number, {pictures: [before, after], faces, truth}] of heads.entries()) {
    assert(apart(faces[0], truth[0]) > 5, `head ${number} has hardly moved`);
    const far = apart(carried(before, faces, after)[0], truth[0]);
    assert(far < 0.9, `head ${number}: ${far}`);
  }
});

test('lids that shut do not drag the eye by more than 3 % of it', () => {
  for (const [number, {pictures: [before, shut], faces}] of blinks.entries()) {
    const far = apart(carried(before, faces, shut)[0], faces[0]);
    assert(far < 0.7, `person ${number}: ${far}`);
  }
});

test('other light is no motion', () => {
  const dim = texture(WIDTH, HEIGHT, 1, [3, -2]);
  dim.data = dim.data.map((value) => 0.7 * value + 10);
  const [found] = carried(texture(WIDTH, HEIGHT), [FACE], dim);
  assert(apart(found, moved(FACE, [3, -2])) < 0.2);
});

test('what else is known of a face goes along', () => {
  const face = {...FACE, number: 9, right: {...FACE.right, strength: 0.4}};
  const [found] = carried(texture(WIDTH, HEIGHT), [face], texture(WIDTH, HEIGHT, 1, [3, 0]));
  assert(apart(found, moved(face, [3, 0])) < 0.2);
  assert.deepEqual([found.number, found.right.openness, found.right.strength], [9, 0.3, 0.4]);
});

test('another scene, or a picture of another size, means staying', () => {
  const scenes = [2, 3, 4, 5, 6].map((seed) => texture(WIDTH, HEIGHT, seed));
  for (const other of [...scenes, texture(160, 120)]) {
    assert.deepEqual(carried(texture(WIDTH, HEIGHT), [FACE], other), [FACE]);
  }
});

test('faces may lie anywhere, and be of any size', () => {
  const crowd = Array.from({length: 10}, (_, n) => faceAt([40 * n - 60, 30 * n - 40], 2 + 9 * n, {number: n}));
  const picture = texture(320, 240);
  for (const [n, found] of carried(picture, crowd, picture).entries()) assert(apart(found, crowd[n]) < 0.3);
});

test('what cannot be followed goes on at half the pace, as in the relay', () => {
  const [first, then, relay] = [pace.first, pace.then, pace.carried];
  const blank = {data: new Uint8Array(WIDTH * HEIGHT), width: WIDTH, height: HEIGHT};
  const reference = makeReference(blank, then, velocities(first, then, 0.1));
  assert(apart(carry(reference, blank, 0.1)[0], relay[0]) < 1e-3);
  assert(apart(extrapolate(reference, 0.1)[0], relay[0]) < 1e-3);
  assert(apart(carry(reference, blank, -1)[0], then[0]) < 1e-3);
});

test('paces are for those seen twice shortly after each other', () => {
  const [one, two, three] = [1, 2, 3].map((number) => faceAt([200, 150], 40, {number}));
  const [before, now] = [[one, two], [moved(two, [4, 0]), three]];
  const [found, ...none] = [0.1, 0, -1, 5, NaN].map((seconds) => [...velocities(before, now, seconds)]);
  assert.deepEqual(found, [[2, {x: 20, y: 0}]]);
  assert.deepEqual(none, [[], [], [], []]);
});
