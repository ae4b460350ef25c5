/** Test vectors produced by the relay's own code: the files of tests/vectors. */

import {readFileSync} from 'node:fs';
import {inflateSync} from 'node:zlib';

/** A file of vectors, with its images decoded for the page's modules. @param {string} name */
export function vectors(name) {
  const text = readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value) => typeof value?.data === 'string' ? pictureOf(value) : value);
}

/** The packet of that name in packets.json, as received from the channel. @returns {ArrayBuffer} */
export function packetOf(name) {
  return bytesOf(vectors('packets').find((one) => one.name === name).packet);
}

/** @param {string} hex @returns {ArrayBuffer} */
export function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;
}

function pictureOf({width, height, data}) {
  const luma = new Uint8Array(inflateSync(Buffer.from(data, 'base64')));
  for (let at = 0; at < luma.length; at++) if (at % width) luma[at] += luma[at - 1];
  return {width, height, data: luma};
}

/** The largest distance between the eye corners of two faces, pixels. */
export function apart(one, other) {
  return Math.max(...['right', 'left'].flatMap((side) => [-0.5, 0.5].map((end) => {
    const [from, to] = [one[side], other[side]];
    return Math.hypot(from.x - to.x + end * (from.stepX - to.stepX), from.y - to.y + end * (from.stepY - to.stepY));
  })));
}
