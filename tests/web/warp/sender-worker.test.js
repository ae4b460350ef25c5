/** The encoded transform: every frame passes, and its timestamp is reported. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

test('frames go on untouched and in order, and the timestamps that they have are told', async () => {
  const messages = [];
  globalThis.self = Object.assign(new EventTarget(), {postMessage: (message) => messages.push(message)});
  await import('../../../web/warp/sender-worker.js');
  const frames = [10, undefined, 30].map((rtpTimestamp) => ({getMetadata: () => ({rtpTimestamp})}));
  const [input, output] = [new TransformStream(), new TransformStream()];
  const transformer = {readable: input.readable, writable: output.writable};
  self.dispatchEvent(Object.assign(new Event('rtctransform'), {transformer}));
  const [writer, reader] = [input.writable.getWriter(), output.readable.getReader()];
  for (const frame of frames) {
    writer.write(frame);
    assert.equal((await reader.read()).value, frame);
  }
  assert.deepEqual(messages.map(({rtp}) => rtp), [10, 30]);
  assert(messages.every(({at}) => Math.abs(at - Date.now()) < 60_000), 'on the clock that all share');
});
