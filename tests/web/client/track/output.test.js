/** The output track: on the page's own thread until a worker has started, and permanently if none starts. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {ScriptedWorker, Track} from '../../doubles/browser.js';
import {Clock, waitIdle} from '../../doubles/clock.js';

const {Output} = await import('../../../../web/client/track/output.js');
const {LocalCorrection} = await import('../../../../web/client/local-correction.js');

let clock;

beforeEach(() => {
  clock = new Clock();
  ScriptedWorker.all.length = 0;
});

afterEach(() => clock.stop());

const REPORT = {showing: 'raw', count: 0, raw: 1, corrected: 0, dropped: 0, ended: false};

test('a worker takes over, and is told everything that has been wished until then', async () => {
  const output = new Output(new Track());
  output.follow(new Track());
  const worker = ScriptedWorker.latest;
  assert.deepEqual([output.route, worker.messages], ['worker', []]);
  worker.emit(null);
  await waitIdle();
  assert.deepEqual(worker.messages.map(({type}) => type), ['open', 'camera', 'corrected']);
  output.follow(undefined);
  output.replaceCamera(new Track());
  assert.deepEqual(worker.messages.slice(3).map(({type, readable}) => [type, readable !== undefined]), [['corrected', false], ['camera', true]]);
  output.stop();
  assert.deepEqual([worker.messages.at(-1).type, output.track.readyState], ['close', 'ended']);
});

test('what is shown is told when it changes, and when somebody has stopped the track', async () => {
  const output = new Output(new Track());
  const events = [];
  for (const name of ['showing', 'ended']) output.addEventListener(name, () => events.push(name));
  ScriptedWorker.latest.emit(null);
  ScriptedWorker.latest.emit(REPORT);
  assert.deepEqual(events, []);
  ScriptedWorker.latest.emit({...REPORT, showing: 'corrected', count: 7, corrected: 5, dropped: 2});
  assert.deepEqual([events, output.showing, output.count], [['showing'], 'corrected', 7]);
  assert.deepEqual(output.frames, {route: 'worker', raw: 1, corrected: 5, dropped: 2});
  ScriptedWorker.latest.emit({...REPORT, showing: 'corrected', ended: true});
  ScriptedWorker.latest.emit({...REPORT, showing: 'corrected', ended: true});
  assert.deepEqual(events, ['showing', 'ended']);
});

test('the same corrected track is followed once', () => {
  const output = new Output(new Track());
  const track = new Track();
  ScriptedWorker.latest.emit(null);
  for (let times = 0; times < 3; times += 1) output.follow(track);
  assert.equal(ScriptedWorker.latest.messages.filter(({type}) => type === 'corrected').length, 1);
});

async function goesOnByItself(output) {
  output.follow(new Track());
  await clock.pass(0.3);
  assert.deepEqual([output.showing, output.track.readyState], ['raw', 'live']);
  output.stop();
  await waitIdle();
  assert.deepEqual([output.track.readyState, clock.waiting], ['ended', 0]);
}

test('a page that cannot load a worker goes on by itself', async () => {
  const output = new Output(new Track());
  ScriptedWorker.latest.fail();
  await goesOnByItself(output);
  assert.ok(ScriptedWorker.latest.ended);
});

test('a page that forbids workers goes on by itself', async () => {
  globalThis.Worker = class { constructor() { throw new DOMException('', 'SecurityError'); } };
  try {
    await goesOnByItself(new Output(new Track()));
  } finally {
    globalThis.Worker = ScriptedWorker;
  }
});

/** Local warping, and its failures. */
function warping() {
  const events = [];
  const local = new LocalCorrection(() => events.push('failed'));
  const camera = new Track();
  local.start(camera);
  return {local, camera, events, worker: () => ScriptedWorker.all.findLast(({name}) => name === 'local')};
}

test('warping here ends with the wish, and says when it ends by itself', () => {
  const {local, camera, events, worker} = warping();
  const first = local.local;
  worker().fail();
  assert.deepEqual(events, ['failed']);
  local.start(camera);
  const second = local.acquire();
  local.stop();
  assert.deepEqual([first, second].map(({track, upload}) => [track.readyState, upload.readyState]), Array(2).fill(['ended', 'ended']));
  assert.deepEqual([local.local, local.acquire(), camera.readyState], [undefined, undefined, 'live']);
});

test('what warps and breaks down without ever having worked is not begun for ever', () => {
  const {local, camera, events, worker} = warping();
  for (let times = 0; times < 2; times += 1) {
    worker().fail();
    local.start(camera);
  }
  worker().fail();
  local.start(camera);
  assert.equal(events.length, 3);
  assert.throws(() => local.acquire(), {code: 'no_worker', lasting: true});
  local.resetFailures();
  local.start(camera);
  assert.equal(local.acquire(), local.local);
});
