/** The page's end of the worker route: what the worker is sent, and when. */

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {ScriptedTrack, ScriptedWorker, install} from '../../doubles/workers.js';
import {WorkerLine} from '../../../../web/warp/routes/worker-line.js';

beforeEach(install);

const SETTINGS = {maxLandmarkAge: 9, maxFieldAge: 10, motion: 'flow', guard: true};

function begin(camera = new ScriptedTrack()) {
  const received = [];
  const parts = {settings: SETTINGS, report: (report) => received.push(report), fail: () => received.push('failed')};
  const line = new WorkerLine(camera, parts);
  const [worker] = ScriptedWorker.started;
  return {line, worker, camera, received};
}

/** The kinds of messages, in order. */
const kinds = ({messages}) => messages.map(({type}) => type);

test('the worker is told nothing before it is there, and then all in order, the camera first', () => {
  const {line, worker, camera} = begin();
  line.sent(1, 10);
  line.trip(60);
  line.change({guard: false});
  assert.deepEqual(worker.messages, []);
  worker.emit(null);
  assert.deepEqual(kinds(worker), ['open', 'camera', 'sent', 'trip', 'change']);
  const [open, first] = worker.received;
  assert.equal(open.data.settings, SETTINGS);
  assert.equal(open.data.writable.generator, line.track);
  assert.deepEqual(open.transfer, [open.data.writable]);
  assert.equal(first.data.readable.track, camera);
  assert.equal(first.data.readable.maxBufferSize, 2, 'no more than tells that a frame was overtaken');
  assert.deepEqual(first.transfer, [first.data.readable]);
  line.reset();
  assert.deepEqual(kinds(worker).at(-1), 'reset');
});

test('a camera that was replaced before the worker was there is never read', () => {
  const {line, worker} = begin();
  const other = new ScriptedTrack();
  line.replaceCamera(other);
  worker.emit(null);
  assert.deepEqual(worker.messages.filter(({type}) => type === 'camera').map(({readable}) => readable.track), [other]);
});

test('another camera goes to the same worker and comes out of the same track', () => {
  const {line, worker} = begin();
  worker.emit(null);
  const [track, other] = [line.track, new ScriptedTrack()];
  line.replaceCamera(other);
  assert.equal(worker.messages.at(-1).readable.track, other);
  assert.equal(line.track, track);
  assert.equal(ScriptedWorker.started.length, 1);
});

test('packets are handed over, not copied; what is none goes as it is, for the worker to count', () => {
  const {line, worker} = begin();
  worker.emit(null);
  const buffer = new ArrayBuffer(8);
  for (const message of [buffer, 'text', null]) line.receive(message, 5);
  const packets = worker.received.slice(-3);
  assert.deepEqual(packets.map(({data}) => data.buffer), [buffer, 'text', null]);
  assert.deepEqual(packets.map(({transfer}) => transfer), [[buffer], [], []]);
});

test('reports are passed on, and a worker that fails says so', () => {
  const {worker, received} = begin();
  worker.emit(null);
  worker.emit({frames: 1});
  assert.deepEqual(received, [{frames: 1}]);
  assert(worker.fail().defaultPrevented, "it is nobody else's business");
  assert.deepEqual(received, [{frames: 1}, 'failed']);
});

test('a worker that is there is asked to end, and one that is not yet is ended', () => {
  const early = begin();
  early.line.stop();
  assert(early.worker.terminated);
  install();
  const {line, worker} = begin();
  worker.emit(null);
  line.stop();
  assert.deepEqual([kinds(worker).at(-1), worker.terminated], ['close', false]);
});

test('where the browser has no frames for a worker the line says so', () => {
  assert.equal(WorkerLine.possible, true);
  delete globalThis.MediaStreamTrackGenerator;
  assert.equal(WorkerLine.possible, false);
});
