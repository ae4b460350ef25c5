/** The camera's frames in the worker: processed in order, without queueing, each closed once. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {ScriptedCamera, ScriptedFrame, ScriptedSink, waitIdle} from '../../doubles/frames.js';
import {WorkerRoute} from '../../../../web/warp/routes/worker-route.js';
import {fieldsOf, landmarksOf} from '../../doubles/packets.js';

const SETTINGS = {maxLandmarkAge: 9, maxFieldAge: 10, motion: 'velocity', guard: false};

/** The clock of the page, milliseconds. */
let moment = 0;
beforeEach(() => { moment = 100_000; mock.method(performance, 'now', () => moment); });
afterEach(() => mock.reset());

/** A renderer that returns a new frame at once. */
class ScriptedPaster {
  lost = false;
  closed = false;
  /** All frames drawn. */
  made = [];
  during = () => {};

  draw(frame, pixels, placed) {
    this.during();
    if (this.lost) return null;
    const drawn = Object.assign(new ScriptedFrame({timestamp: frame.timestamp}), {of: frame, pixels, placed});
    this.made.push(drawn);
    return drawn;
  }

  close() { this.closed = true; }
}

/** A route with a camera, a sink and a paster; `come` delivers a frame, `respond` the packets about it. */
async function begin({sink = new ScriptedSink(), paster = new ScriptedPaster(), make = () => paster, settings} = {}) {
  const camera = new ScriptedCamera();
  const route = new WorkerRoute({...SETTINGS, ...settings}, sink.writable, make);
  route.read(camera.readable);
  const frames = [];
  let count = 0;
  const come = async (from = camera) => {
    moment += 1000 / 30;
    const frame = new ScriptedFrame({timestamp: 1000 * moment, grey: frames.length % 256});
    frames.push(frame);
    from.give(frame);
    await waitIdle();
    return frame;
  };
  const rtpOf = (frame) => Math.round(0.09 * frame.timestamp) >>> 0;
  const respond = (frame) => {
    const at = performance.timeOrigin + moment;
    route.display.sent(rtpOf(frame), at);
    for (const packet of [landmarksOf(rtpOf(frame), count), fieldsOf(rtpOf(frame), count)]) route.display.receive(packet, at);
    count += 1;
  };
  /** Delivers frames, each followed by its packets. */
  const call = async (number) => { for (let n = 0; n < number; n++) respond(await come()); };
  return {camera, route, sink, paster, frames, come, respond, call, counts: route.display.counts};
}

/** Each frame, delivered or drawn, was either closed by the route or passed on open. */
function checkClosed({frames, sink, paster}) {
  const handed = new Set(sink.out);
  for (const frame of [...frames, ...paster.made]) assert.equal(frame.closed, handed.has(frame) ? 0 : 1);
}

test('a frame goes out before the next one comes in, as the very object that came', async () => {
  const {sink, frames, come, counts} = await begin();
  for (let number = 1; number <= 30; number++) {
    await come();
    assert.equal(sink.out.length, number);
  }
  assert.deepEqual(sink.out, frames);
  assert(sink.out.every((frame, at) => frame === frames[at] && frame.closed === 0));
  assert.deepEqual(counts.frames, {in: 30, out: 30, dropped: 0, corrected: 0, passed: {warming_up: 30}});
});

test('a corrected frame, too, goes out before the next one comes in, drawn from its own picture', async () => {
  const all = await begin({settings: {motion: 'flow'}});
  const {sink, frames, call, counts} = all;
  await call(30);
  assert.equal(sink.out.length, 30);
  const drawn = sink.out.slice(-20);
  for (const [at, frame] of frames.slice(-20).entries()) {
    assert.equal(drawn[at].of, frame);
    assert.equal(drawn[at].timestamp, frame.timestamp);
    assert.equal(drawn[at].placed.length, 2);
  }
  assert(counts.frames.corrected >= 20);
  assert.equal(counts.frames.dropped, 0);
  checkClosed(all);
});

test('nothing queues: one frame is on its way, the newest waits, and those it overtook are dropped', async () => {
  const all = await begin();
  const {sink, frames, come, counts} = all;
  await come();
  sink.hold();
  for (let number = 0; number < 10; number++) await come();
  assert.deepEqual(sink.out, frames.slice(0, 2), 'the second is held up, and no other has left');
  assert.equal(counts.frames.dropped, 8);
  sink.release();
  await waitIdle();
  assert.deepEqual(sink.out, [...frames.slice(0, 2), frames.at(-1)]);
  assert.equal(sink.most, 1);
  const {in: came, out, dropped} = counts.frames;
  assert.deepEqual([came, out, dropped], [11, 3, 8]);
  checkClosed(all);
});

test('of frames that came at once the newest goes out alone', async () => {
  const all = await begin();
  const {camera, sink, frames, counts} = all;
  for (let number = 0; number < 3; number++) {
    frames.push(new ScriptedFrame({timestamp: 33_000 * number}));
    camera.give(frames.at(-1));
  }
  await waitIdle();
  assert.deepEqual(sink.out, [frames[2]]);
  assert.equal(counts.frames.dropped, 2);
  checkClosed(all);
});

test('of frames that came while one was drawn, the newest is drawn next', async () => {
  const all = await begin();
  const {sink, paster, camera, frames, come, call, counts} = all;
  await call(10);
  const before = sink.out.length;
  paster.during = () => {
    paster.during = () => {};
    for (let number = 1; number <= 4; number++) {
      const frame = new ScriptedFrame({timestamp: 1000 * (moment + 30 * number)});
      frames.push(frame);
      camera.give(frame);
    }
  };
  await come();
  assert.deepEqual(sink.out.slice(before).map(({of}) => of), [frames.at(-5), frames.at(-1)]);
  assert.equal(counts.frames.dropped, 3);
  checkClosed(all);
});

test('when the relay falls silent the correction ends, and comes back with it', async () => {
  const {sink, frames, come, call, counts} = await begin();
  await call(20);
  assert.equal(sink.out.at(-1).of, frames.at(-1));
  for (let number = 0; number < 40; number++) await come();
  assert.equal(sink.out.at(-1), frames.at(-1), 'the very frame that came');
  assert(counts.frames.passed.late > 20);
  await call(20);
  assert.equal(sink.out.at(-1).of, frames.at(-1));
  assert.equal(sink.out.length, 80);
});

test('while graphics are lost the frames go on as they came, and are corrected again', async () => {
  const pasters = [];
  const make = () => { pasters.push(new ScriptedPaster()); return pasters.at(-1); };
  const {sink, frames, call, counts} = await begin({make});
  await call(80);
  pasters[0].lost = true;
  await call(1);
  assert.equal(sink.out.at(-1).of, frames.at(-1), 'another is made at once');
  pasters[1].lost = true;
  await call(30);
  assert.equal(sink.out.at(-1), frames.at(-1));
  assert.equal(counts.frames.passed.no_graphics, 30);
  await call(60);
  assert.equal(sink.out.at(-1).of, frames.at(-1));
  assert.deepEqual(pasters.map(({closed}) => closed), [true, true, false]);
  assert.equal(sink.out.length, frames.length);
});

test('without graphics, and where drawing fails, frames go on as they came, and that is said', async () => {
  const none = await begin({make: () => { throw new Error('no WebGL2'); }});
  await none.call(20);
  assert.deepEqual(none.sink.out, none.frames);
  assert(none.counts.frames.passed.no_graphics > 10);
  const broken = await begin();
  broken.paster.during = () => { throw new Error('out of memory'); };
  await broken.call(20);
  assert.deepEqual(broken.sink.out, broken.frames);
  assert(broken.counts.frames.passed.failed > 10);
});

test("another camera's frames go on in the same track, and nothing of the former's", async () => {
  const all = await begin();
  const {camera, route, sink, frames, come, call, counts} = all;
  await call(20);
  const other = new ScriptedCamera();
  route.read(other.readable);
  await waitIdle();
  assert(camera.cancelled);
  await come(other);
  assert.equal(sink.out.at(-1), frames.at(-1));
  assert(counts.frames.passed.warming_up > 0, 'what was said of the former does not hold');
  assert.equal(sink.out.length, 21);
  checkClosed(all);
});

test('nothing is left open at the end, whatever was on its way', async () => {
  const all = await begin();
  const {route, camera, sink, frames, come, call} = all;
  await call(20);
  sink.hold();
  await come();
  await come();
  const closing = route.close();
  sink.release();
  await closing;
  await waitIdle();
  assert(sink.closed && camera.cancelled && all.paster.closed);
  assert.equal(frames.at(-1).closed, 1, 'the one that waited');
  checkClosed(all);
});

test('frames that nobody takes are closed', async () => {
  const all = await begin({sink: new ScriptedSink({fails: true})});
  for (let number = 0; number < 5; number++) await all.come();
  assert.deepEqual(all.frames.map(({closed}) => closed), [1, 1, 1, 1, 1]);
});
