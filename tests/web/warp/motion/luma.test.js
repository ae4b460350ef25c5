/** The small luma copy, made of a frame's bytes. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Copier, lumaOf} from '../../../../web/warp/motion/luma.js';
import {ScriptedFrame} from '../../doubles/frames.js';

const bytes = (length) => Uint8Array.from({length}, (_, at) => (at * 37) % 256);

/** The rounded mean of factor x factor values, `step` bytes apart, in rows of `stride` bytes. */
function mean(data, at, stride, step, factor) {
  let sum = 0;
  for (let y = 0; y < factor; y++) for (let x = 0; x < factor; x++) sum += data[at + y * stride + x * step];
  return Math.floor((sum + Math.floor(factor ** 2 / 2)) / factor ** 2);
}

test('a pixel of the copy is the mean of those that make one', () => {
  const [width, height, stride, offset] = [1928, 12, 1960, 7];
  const data = bytes(offset + stride * height);
  const {data: small, ...size} = lumaOf({data, format: 'I420', layout: [{offset, stride}], width, height});
  assert.deepEqual(size, {width: 642, height: 4, factor: 3});
  for (const [at, value] of small.entries()) {
    const [row, column] = [Math.floor(at / 642), at % 642];
    assert.equal(value, mean(data, offset + 3 * row * stride + 3 * column, stride, 1, 3));
  }
});

test('of packed colours green stands for luma', () => {
  const [width, height, stride] = [1280, 4, 5120];
  const data = bytes(stride * height);
  const {data: small, ...size} = lumaOf({data, format: 'RGBX', layout: [{offset: 0, stride}], width, height});
  assert.deepEqual(size, {width: 640, height: 2, factor: 2});
  assert.equal(small[640 + 5], mean(data, 2 * stride + 2 * 5 * 4 + 1, stride, 4, 2));
});

test('a picture that is small already stays as it is', () => {
  const data = bytes(320 * 240);
  const small = lumaOf({data, format: 'NV12', layout: [{offset: 0, stride: 320}], width: 320, height: 240});
  assert.equal(small.factor, 1);
  assert.deepEqual(small.data, data);
});

test('frames are copied into the same memory, and those that cannot be read are not copied', async () => {
  const copier = new Copier();
  const frame = () => new ScriptedFrame({width: 32, height: 16});
  const [one, two] = [await copier.copy(frame()), await copier.copy(frame())];
  assert.equal(one.data, two.data);
  assert.deepEqual([two.format, two.width, two.height], ['I420', 32, 16]);
  for (const change of [{format: null}, {format: 'P010'}, {rotation: 90}, {flip: true}, {visibleRect: null}]) {
    assert.equal(await copier.copy(Object.assign(frame(), change)), null, JSON.stringify(change));
  }
});
