/** The browser's decoder against the relay's: the same packets give the same content and the same refusals. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {decode, lostBetween} from '../../../web/warp/wire.js';
import {bytesOf, packetOf, vectors} from '../doubles/vectors.js';

/** The decoded packet as plain JSON, its bytes as lists. */
function read(hex) {
  const plain = (_, value) => value instanceof Int8Array ? [...value] : value;
  return JSON.parse(JSON.stringify(decode(bytesOf(hex)), plain));
}

for (const {name, packet, content} of vectors('packets')) {
  test(`${name}: read as the protocol says`, () => assert.deepEqual(read(packet), content));
}

for (const [name, taken] of Object.entries(vectors('refusals'))) {
  test(`${name}: whatever byte is changed or missing, the browser refuses what the relay does, and nothing else`, () => {
    const here = mutants(new Uint8Array(packetOf(name))).map((mutant) => decode(mutant.buffer) ? '1' : '0');
    assert.equal(here.join(''), taken);
    assert(taken.includes('1') && taken.includes('0'));
  });
}

/** In the order of tests/gaze/packets.py. @returns {Uint8Array[]} */
function mutants(packet) {
  const shorter = Array.from(packet, (_, end) => packet.slice(0, end));
  const changed = Array.from(packet, (byte, at) => {
    const others = new Set([0, 127, 128, 255]);
    others.delete(byte);
    for (let bit = 0; bit < 8; bit++) others.add(byte ^ (1 << bit));
    return [...others].sort((a, b) => a - b).map((other) => packet.with(at, other));
  });
  return [...shorter, Uint8Array.of(...packet, 0), ...changed.flat()];
}

test('a message that is no buffer is malformed', () => {
  const packet = new Uint8Array(packetOf('landmarks of one face'));
  for (const message of [null, undefined, 'text', 7, {}, packet, new Blob([packet])]) assert.equal(decode(message), null);
});

test('grids are views of the packet and nothing is copied', () => {
  const buffer = packetOf('fields as the relay sends them');
  const grids = decode(buffer).faces.flatMap(({right, left}) => [right, left].flatMap(Object.values));
  assert.equal(grids.length, 8);
  for (const {data} of grids) assert(data instanceof Int8Array && data.buffer === buffer);
});

test('losses are counted by the running number, which begins anew', () => {
  const cases = [[4, 5, 0], [4, 8, 3], [65_535, 0, 0], [65_534, 1, 2], [5, 4, 0], [5, 5, 0], [0, 65_535, 0]];
  for (const [earlier, later, lost] of cases) assert.equal(lostBetween(earlier, later), lost, `${earlier}, ${later}`);
});
