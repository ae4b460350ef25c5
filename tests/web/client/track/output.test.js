/** The track that stays the same: on the page's own thread until a worker is there, and for ever where none comes. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {ScriptedWorker, Track} from '../../doubles/browser.js';
import {Clock, settle} from '../../doubles/clock.js';

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
  assert.deepEqual([output.route, worker.orders], ['worker', []]);
  worker.say(null);
  await settle();
  assert.deepEqual(worker.orders.map(({type}) => type), ['open', 'camera', 'corrected']);
  output.follow(undefined);
  output.replaceCamera(new Track());
  assert.deepEqual(worker.orders.slice(3).map(({type, readable}) => [type, readable !== undefined]), [['corrected', false], ['camera', true]]);
  output.stop();
  assert.deepEqual([worker.orders.at(-1).type, output.track.readyState], ['close', 'ended']);
});

test('what is shown is told when it changes, and when somebody has stopped the track', async () => {
  const output = new Output(new Track());
  const told = [];
  for (const name of ['showing', 'ended']) output.addEventListener(name, () => told.push(name));
  ScriptedWorker.latest.say(null);
  ScriptedWorker.latest.say(REPORT);
  assert.deepEqual(told, []);
  ScriptedWorker.latest.say({...REPORT, showing: 'corrected', count: 7, corrected: 5, dropped: 2});
  assert.deepEqual([told, output.showing, output.count], [['showing'], 'corrected', 7]);
  assert.deepEqual(output.frames, {route: 'worker', raw: 1, corrected: 5, dropped: 2});
  ScriptedWorker.latest.say({...REPORT, showing: 'corrected', ended: true});
  ScriptedWorker.latest.say({...REPORT, showing: 'corrected', ended: true});
  assert.deepEqual(told, ['showing', 'ended']);
});

test('the same corrected track is followed once', () => {
  const output = new Output(new Track());
  const track = new Track();
  ScriptedWorker.latest.say(null);
  for (let times = 0; times < 3; times += 1) output.follow(track);
  assert.equal(ScriptedWorker.latest.orders.filter(({type}) => type === 'corrected').length, 1);
});

async function goesOnByItself(output) {
  output.follow(new Track());
  await clock.pass(0.3);
  assert.deepEqual([output.showing, output.track.readyState], ['raw', 'live']);
  output.stop();
  await settle();
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

/** This browser's own warping, and what it has told about its end. */
function warping() {
  const told = [];
  const here = new LocalCorrection(() => told.push('failed'));
  const camera = new Track();
  here.begin(camera);
  return {here, camera, told, worker: () => ScriptedWorker.all.findLast(({name}) => name === 'local')};
}

test('warping here ends with the wish, and says when it ends by itself', () => {
  const {here, camera, told, worker} = warping();
  const first = here.local;
  worker().fail();
  assert.deepEqual(told, ['failed']);
  here.begin(camera);
  const second = here.demand();
  here.end();
  assert.deepEqual([first, second].map(({track, upload}) => [track.readyState, upload.readyState]), Array(2).fill(['ended', 'ended']));
  assert.deepEqual([here.local, here.demand(), camera.readyState], [undefined, undefined, 'live']);
});

test('what warps and breaks down without ever having worked is not begun for ever', () => {
  const {here, camera, told, worker} = warping();
  for (let times = 0; times < 2; times += 1) {
    worker().fail();
    here.begin(camera);
  }
  worker().fail();
  here.begin(camera);
  assert.equal(told.length, 3);
  assert.throws(() => here.demand(), {code: 'no_worker', lasting: true});
  here.resetFailures();
  here.begin(camera);
  assert.equal(here.demand(), here.local);
});
