/** The interface of local warping: its tracks, messages and statistics. */

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {ScriptedTrack, ScriptedWorker, install} from '../doubles/workers.js';
import {here, now} from '../../../web/workers/clock.js';
import {Local} from '../../../web/warp/local.js';
import {FrameCounts} from '../../../web/warp/frame-counts.js';

beforeEach(install);

/** A Local whose worker has started. */
function begin(camera = new ScriptedTrack(), options = {}) {
  const local = new Local(camera, options);
  const [worker] = ScriptedWorker.started;
  worker.emit(null);
  return {camera, local, worker};
}

/** A report of `came` frames, all corrected except the dropped ones. */
function reportOf({came = 10, dropped = 0, trace = {spans: [], shown: []}}) {
  const report = new FrameCounts().report(now());
  const frames = {in: came, out: came - dropped, dropped, corrected: came - dropped, passed: {}};
  return {...report, frames, trace, stamps: 'rtp', size: {width: 1280, height: 720}};
}

const messagesOf = ({messages}, type) => messages.filter((one) => one.type === type);

test('the corrected track and the small copy are there at once, and both end with it; the camera goes on', () => {
  const {camera, local, worker} = begin();
  assert.equal(local.route, 'worker');
  assert.equal(local.upload.of, camera);
  const {track, upload} = local;
  assert.deepEqual([track.readyState, upload.readyState], ['live', 'live']);
  local.stop();
  local.stop();
  assert.deepEqual([track.readyState, upload.readyState, camera.readyState], ['ended', 'ended', 'live']);
  assert.equal(messagesOf(worker, 'close').length, 1);
});

test('a signal ends it, also one that came before', () => {
  const abort = new AbortController();
  const {local} = begin(new ScriptedTrack(), {signal: abort.signal});
  abort.abort();
  assert.equal(local.track.readyState, 'ended');
  assert.equal(new Local(new ScriptedTrack(), {signal: abort.signal}).upload.readyState, 'ended');
});

test('wishes are those of the owner, else the usual ones', () => {
  const {worker, local} = begin(new ScriptedTrack(), {maxFieldAge: 6});
  const [{settings}] = messagesOf(worker, 'open');
  assert.deepEqual(settings, {maxLandmarkAge: 9, maxFieldAge: 6, motion: 'flow', guard: true});
  local.change({guard: false});
  assert.deepEqual(messagesOf(worker, 'change'), [{type: 'change', settings: {guard: false}}]);
});

test('packets and round trips reach the worker', () => {
  const {worker, local} = begin();
  const buffer = new ArrayBuffer(3);
  local.receive(buffer);
  local.trip(60);
  assert.equal(messagesOf(worker, 'packet')[0].buffer, buffer);
  assert(Math.abs(messagesOf(worker, 'packet')[0].at - now()) < 60_000);
  assert.deepEqual(messagesOf(worker, 'trip'), [{type: 'trip', milliseconds: 60}]);
});

test('another camera goes on in the same track, its copy in the same sender, and the former copy ends', async () => {
  const {local, worker} = begin();
  const replaced = [];
  const sender = {
    track: local.upload, transform: {}, getParameters: () => ({encodings: []}), setParameters: async () => {},
    replaceTrack: async (track) => { replaced.push([track, former.readyState]); },
  };
  const [track, former] = [local.track, local.upload];
  await local.prepareSender(sender);
  const other = new ScriptedTrack();
  await local.replaceCamera(other);
  assert.equal(local.track, track);
  assert.equal(local.upload.of, other);
  assert.deepEqual(replaced, [[local.upload, 'live']], 'the former is sent until the new one is');
  assert.equal(former.readyState, 'ended');
  assert.equal(messagesOf(worker, 'camera').at(-1).readable.track, other);
  await local.replaceCamera(other);
  assert.equal(replaced.length, 1, 'it is the same');
});

test('what leaves a former connection is not taken for what leaves this one, nor is what its relay has said', async () => {
  globalThis.RTCRtpScriptTransform = class {};
  const {local, worker} = begin();
  const sender = () => ({track: local.upload, getParameters: () => ({encodings: []}), setParameters: async () => {}});
  await local.prepareSender(sender());
  await local.prepareSender(sender());
  const [, first, second] = ScriptedWorker.started;
  first.emit({rtp: 1, at: 1});
  second.emit({rtp: 2, at: 2});
  assert.deepEqual(messagesOf(worker, 'sent').map(({rtp}) => rtp), [2]);
  assert.equal(messagesOf(worker, 'reset').length, 2);
});

test('figures are those of the newest report, and frames that were overtaken before anybody saw them count', () => {
  const camera = Object.assign(new ScriptedTrack(), {stats: {deliveredFrames: 100}});
  const {local, worker} = begin(camera);
  assert.deepEqual([local.stats().frames.in, local.stats().route], [0, 'worker'], 'before any report');
  worker.emit(reportOf({came: 90}));
  camera.stats = {deliveredFrames: 140};
  worker.emit(reportOf({came: 120, dropped: 5}));
  const {frames, width, height, stamps} = local.stats();
  assert.deepEqual([width, height, stamps], [1280, 720, 'rtp']);
  assert.deepEqual([frames.in, frames.out, frames.dropped], [129, 115, 14], 'ten were missed; one may be on its way');
});

test("what was done to each frame is told once, on the page's own clock, and not for ever", () => {
  const {local, worker} = begin();
  const at = now();
  for (let number = 0; number < 12; number++) {
    const trace = {spans: [{line: 'warp', frame: number, begin: at, end: at + 1}], shown: [{frame: number, at}]};
    worker.emit(reportOf({trace}));
  }
  const {spans, shown} = local.spans();
  assert.deepEqual(shown.map(({frame}) => frame), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert(spans.every(({begin, end}) => begin === here(at) && end === here(at + 1)));
  assert.deepEqual(local.spans(), {spans: [], shown: []});
});

test('a route that ends by itself is reported, and one that was stopped is not', () => {
  const {local, worker} = begin();
  let failures = 0;
  local.addEventListener('failed', () => { failures += 1; });
  worker.fail();
  assert.equal(failures, 1);
  local.stop();
  worker.fail();
  assert.equal(failures, 1);
});

test('a browser without graphics says so, and is asked once', () => {
  const contexts = [];
  globalThis.OffscreenCanvas = class {
    getContext(kind) { contexts.push(kind); return null; }
  };
  assert.deepEqual([Local.obstacle, Local.obstacle, contexts], ['no_webgl', 'no_webgl', ['webgl2']]);
});
