/** Grey images with detail at all scales, and synthetic faces, for tests that need no real image. */

import {chance} from './call.js';

/** An image that depends on the seed, shifted by whole pixels. */
export function texture(width, height, seed = 1, [right, down] = [0, 0]) {
  const grains = [3, 8, 20, 50].map((size, level) => grain(size, 7 * seed + level));
  const data = Uint8Array.from({length: width * height}, (_, at) => {
    const [x, y] = [at % width - right, Math.floor(at / width) - down];
    return Math.max(0, Math.min(255, 128 + grains.reduce((sum, value) => sum + 90 * (value(x, y) - 0.5), 0)));
  });
  return {data, width, height};
}

const NODES = 64;

/** Random values `size` pixels apart, interpolated bilinearly; periodic after NODES of them. */
function grain(size, seed) {
  const random = chance(seed);
  const nodes = Float32Array.from({length: NODES ** 2}, random);
  const node = (column, row) => nodes[(row & (NODES - 1)) * NODES + (column & (NODES - 1))];
  return (x, y) => {
    const [column, row] = [Math.floor(x / size), Math.floor(y / size)];
    const [across, down] = [x / size - column, y / size - row];
    const along = (line) => (1 - across) * node(column, line) + across * node(column + 1, line);
    return (1 - down) * along(row) + down * along(row + 1);
  };
}

/** A level face whose eyes, `width` pixels wide, are two widths apart around a centre. */
export function faceAt([x, y], width, {number = 1, openness = 0.3} = {}) {
  const right = {x: x - width, y, stepX: width, stepY: 0, openness};
  return {number, right, left: {...right, x: x + width, stepX: -width}};
}

/** The face shifted by some pixels. */
export function moved(face, [right, down]) {
  const eye = (one) => ({...one, x: one.x + right, y: one.y + down});
  return {...face, right: eye(face.right), left: eye(face.left)};
}
