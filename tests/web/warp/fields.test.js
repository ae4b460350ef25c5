/** The relay's newest packets, and where fields are placed. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Newest, idleReason, place, resize, scaled} from '../../../web/warp/fields.js';
import {decode} from '../../../web/warp/wire.js';
import {packetOf} from '../doubles/vectors.js';

const {faces} = decode(packetOf('landmarks of eight faces'));
const fields = decode(packetOf('fields of small grids'));
const ALL = () => 1;

test('lost and late packets are counted over the wrap, and late ones left alone', () => {
  const newest = new Newest();
  const taken = [65533, 65534, 1, 65535, 0, 3, 3].map((count) => newest.take({count}));
  assert.deepEqual(taken, [true, true, true, false, false, true, false]);
  assert.deepEqual([newest.lost, newest.late, newest.packet.count], [3, 3, 3]);
  newest.reset();
  assert(newest.take({count: 40_000}), 'another connection counts anew');
  assert.equal(newest.lost, 3);
});

test('fields are placed at the eyes of the same face, with the strength that the relay wants', () => {
  const face = faces[1];
  const made = {...fields, faces: [{...fields.faces[0], number: face.number}]};
  const placed = place(faces.slice(0, 2), made, (_, side) => side === 'left' ? 0.5 : 1);
  const wanted = [['right', false, 1], ['left', true, 0.5]].map(([side, mirrored, share]) => {
    const {x, y, stepX, stepY, strength} = face[side];
    const field = made.faces[0][side];
    return {face: face.number, x, y, stepX, stepY, mirrored, field, gain: strength * share};
  });
  assert.deepEqual(placed, wanted);
});

test('an eye without strength is not placed', () => {
  const face = {...faces[0], number: 1};
  const weak = {...face, right: {...face.right, strength: 0}};
  assert.deepEqual(place([weak], fields, ALL).map(({mirrored}) => mirrored), [true]);
});

test('where faces meet, the larger one is drawn over the smaller', () => {
  const [small, large] = [1, 2].map((number) => ({...resize(faces[0], number, number), number}));
  const made = {...fields, faces: [1, 2].map((number) => ({...fields.faces[0], number}))};
  for (const both of [[small, large], [large, small]]) {
    assert.deepEqual(place(both, made, ALL).map(({face}) => face), [1, 1, 2, 2]);
  }
});

test('landmarks are told in the pixels of another picture', () => {
  const packet = decode(packetOf('landmarks of one face'));
  const [{right}] = scaled(packet, 2 * packet.width, 3 * packet.height);
  const {x, y, stepX, stepY, openness, strength} = packet.faces[0].right;
  assert.deepEqual(right, {x: 2 * x, y: 3 * y, stepX: 2 * stepX, stepY: 3 * stepY, openness, strength});
});

test('why nothing is placed is said', () => {
  const eye = {...faces[0].right, openness: 0.3, strength: 0};
  const [open, shut] = [eye, {...eye, openness: 0}].map((one) => ({number: 1, right: one, left: one}));
  const [none, both] = [new Map(), new Map([[1, {right: 0, left: 0}]])];
  assert.equal(idleReason([], fields, none), 'no_face');
  assert.equal(idleReason([{...open, number: 7}], fields, none), 'warming_up');
  assert.equal(idleReason([open], fields, none), 'held_back');
  assert.equal(idleReason([shut], fields, none), 'eyes_closed');
  assert.equal(idleReason([open], fields, both), 'eyes_closed', 'the guard sees them shut');
  assert.equal(idleReason([open], fields, new Map([[1, {right: 0, left: 1}]])), 'held_back');
});
