/** A call over stable, slow, dead and blind connections; relay, connection and clock are scripted. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {Stream, Track} from '../../doubles/browser.js';
import {Clock, waitIdle} from '../../doubles/clock.js';
import {ScriptedConnection} from '../../doubles/connection.js';
import {ScriptedRelay} from '../../doubles/relay.js';

const {Relay} = await import('../../../../web/client/connection/api.js');
const {Call} = await import('../../../../web/client/connection/call.js');
const {RelayError} = await import('../../../../web/client/connection/problem.js');

let clock, relay, abort, frames, local, states, received, call, camera;

beforeEach(() => {
  clock = new Clock();
  relay = new ScriptedRelay();
  abort = new AbortController();
  [frames, states, received, local] = [0, [], [], undefined];
  camera = new Track();
  call = new Call({
    relay: new Relay('https://relay.test/'), stream: new Stream([camera]), settings: {correction: {strength: 100}},
    report: ({phase, error}) => states.push({phase, code: error?.code ?? '', at: clock.now}),
    onMessage: (message) => received.push(message), onRoundTrip: () => {}, onConfig: () => {},
    frameCount: () => frames, local: () => local?.(),
  });
});

afterEach(() => {
  abort.abort();
  document.hidden = false;
  clock.stop();
});

const phases = () => states.map(({phase}) => phase).filter((phase, index, all) => phase !== all[index - 1]);
const latest = () => states.at(-1).phase;
const opened = () => relay.asked('POST', '/api/sessions').length;
const connection = () => ScriptedConnection.latest;
const stats = (counts) => relay.send({type: 'stats', frames: {in: 0, out: 0, passed: {}, ...counts}});

async function begin() {
  call.run(abort.signal);
  await clock.until(() => latest() === 'live');
}

/** Lets `seconds` pass in steps, calling `act` before each. */
async function during(seconds, step, act) {
  for (let passed = 0; passed < seconds; passed += step) {
    act(passed);
    await clock.pass(step);
  }
}

/** Waits until the connection is replaced; returns the seconds. */
async function replaced(most = 200) {
  const before = opened();
  return clock.until(() => opened() > before, most);
}

test('a call connects, and stays as it is while pictures come', async () => {
  await begin();
  await during(60, 0.1, () => { frames += 1; });
  assert.deepEqual(phases(), ['connecting', 'live']);
  assert.equal(opened(), 1);
});

test('a relay that dies is noticed within a second of its last word, and found again', async () => {
  await begin();
  await during(3, 0.1, () => { frames += 1; });
  relay.kill();
  const noticed = await clock.until(() => latest() !== 'live', 5);
  assert.ok(noticed <= 0.9, `${noticed} s`);
  await clock.until(() => latest() === 'waiting', 5);
  assert.equal(states.at(-1).code, 'lost');
  await clock.until(() => states.at(-1).code === 'unreachable', 5);
  relay.dead = false;
  await clock.until(() => latest() === 'live', 10);
  assert.equal(opened(), 2);
});

test('a relay that no longer knows the session is left as soon as it says so', async () => {
  await begin();
  relay.pongs = false;
  relay.sessions.clear();
  const seconds = await replaced();
  assert.ok(seconds < 2, `${seconds} s`);
});

test('a relay that is slow to say anything keeps its call, for as long as bytes arrive', async () => {
  await begin();
  relay.pongs = relay.answers = false;
  camera.muted = true; // so that missing frames do not count
  await during(90, 3, () => { connection().counts.bytes += 1; });
  assert.equal(latest(), 'quiet');
  assert.equal(opened(), 1);
  relay.pongs = true;
  await clock.until(() => latest() === 'live', 1);
});

test('a relay that says no over HTTP while it still speaks keeps its call', async () => {
  await begin();
  relay.pongs = relay.answers = false;
  relay.sessions.clear(); // as if another relay answered at the same address, slowly
  await clock.until(() => latest() === 'quiet', 2);
  await clock.pass(1);
  relay.send({type: 'pong', t: 0});
  relay.release();
  relay.pongs = true;
  await clock.pass(3);
  assert.equal(opened(), 1);
});

for (const [what, act] of [
  ['frames come slowly', () => { frames += 1; }],
  ['packets come before any frame', () => { connection().counts.packets += 1; }],
  ['frames are decoded and none is shown yet', () => { connection().counts.frames += 1; }],
  ['the relay says that it is warming up', (at) => stats({in: 1 + at})],
  ['all it returns are frames from before it was ready', (at) => stats({in: 5 + at, out: 1 + at, passed: {warming_up: 1 + at}})],
]) {
  test(`a slow relay is never thrown away while ${what}`, async () => {
    await begin();
    await during(240, 8, act);
    assert.equal(opened(), 1);
    assert.equal(latest(), 'live');
  });
}

for (const [what, act] of [
  ['nothing but words', () => {}],
  ['words of a relay that gets no frames', () => stats({in: 0})],
  ['words of a relay that is ready', (at) => stats({in: 9 + at, out: 9 + at, passed: {no_face: 4}})],
  ['bytes that are no video', () => { connection().counts.bytes += 100; }],
]) {
  test(`a blind connection is replaced where there is ${what}`, async () => {
    await begin();
    await during(9, 1, act);
    assert.equal(opened(), 1);
    await during(3, 1, act);
    assert.equal(opened(), 2);
  });
}

test('patience doubles with each call that was given up, up to eight times', async () => {
  await begin();
  const waits = [];
  for (let round = 0; round < 5; round += 1) waits.push(Math.round(await replaced() / 10));
  assert.deepEqual(waits, [1, 2, 4, 8, 8]);
});

test('patience is as usual again after a call that kept up', async () => {
  await begin();
  await replaced();
  await clock.until(() => latest() === 'live');
  await during(25, 0.1, () => { frames += 1; });
  assert.ok(await replaced() > 19, 'this connection began with a longer timeout');
  await clock.until(() => latest() === 'live');
  await during(45, 0.1, () => { frames += 1; });
  await replaced();
  assert.equal(Math.round(await replaced() / 10), 2, 'and after it it began anew');
});

for (const [what, pause] of [['a hidden page', () => { document.hidden = true; }], ['a muted camera', () => { camera.muted = true; }]]) {
  test(`no picture is expected of ${what}`, async () => {
    await begin();
    pause();
    await clock.pass(60);
    assert.equal(opened(), 1);
    assert.equal(latest(), 'live');
  });
}

test('a connection over which nothing at all arrives is replaced though the relay knows it', async () => {
  await begin();
  relay.pongs = false;
  const seconds = await replaced();
  assert.ok(seconds > 9 && seconds < 12, `${seconds} s`);
});

test('where this browser warps, packets count and not its own pictures', async () => {
  local = () => ({track: new Track(), upload: new Track(), prepareSender: async () => {}, receive: () => {}});
  await begin();
  assert.equal(relay.asked('POST', '/api/sessions')[0].body.returns, 'field');
  await during(30, 2, () => connection().channel('fields').receive(new ArrayBuffer(4)));
  assert.equal(opened(), 1);
  await during(12, 0.5, () => { frames += 1; });
  assert.equal(opened(), 2);
});

test('a relay that is about to stop is left at once', async () => {
  await begin();
  relay.send({type: 'draining', seconds: 30});
  await waitIdle();
  assert.deepEqual([latest(), states.at(-1).code], ['waiting', 'draining']);
  await clock.until(() => latest() === 'live', 2);
  assert.equal(opened(), 2);
  assert.deepEqual(received, [{type: 'draining', seconds: 30}]);
});

test('a refusal that lasts waits for somebody, and a passing one as long as the relay says', async () => {
  relay.refusals['/api/sessions'] = {status: 422, body: {code: 'unsupported_codec', detail: 'none in common'}};
  call.run(abort.signal);
  await clock.pass(60);
  assert.deepEqual([latest(), states.at(-1).code, opened()], ['refused', 'unsupported_codec', 1]);
  relay.refusals['/api/sessions'] = {status: 503, body: {code: 'busy', detail: 'full'}, headers: {'Retry-After': '7'}};
  call.retry();
  await waitIdle();
  assert.deepEqual([latest(), states.at(-1).code], ['waiting', 'busy']);
  relay.refusals = {};
  assert.ok(await clock.until(() => latest() === 'live', 10) >= 6.9);
});

test('what fails in this browser is not tried again by itself', async () => {
  local = () => { throw new RelayError('no_worker', 'none', {lasting: true}); };
  call.run(abort.signal);
  await clock.pass(30);
  assert.deepEqual([latest(), states.at(-1).code, opened()], ['refused', 'no_worker', 0]);
});

test('attempts come more and more rarely, and at once when the network is back', async () => {
  relay.dead = true;
  call.run(abort.signal);
  await waitIdle();
  await clock.pass(20);
  const times = states.filter(({phase}) => phase === 'connecting').map(({at}) => at);
  const waits = times.slice(1).map((at, index) => at - times[index]);
  assert.deepEqual(waits.slice(0, 5), [400, 800, 1600, 3000, 3000]);
  relay.dead = false;
  window.dispatchEvent(new Event('online'));
  await waitIdle();
  assert.equal(latest(), 'live');
});

test('one can change one’s mind while it connects: every session is ended but the last', async () => {
  await begin();
  relay.answers = false;
  for (let change = 0; change < 3; change += 1) {
    const before = opened();
    call.renew();
    relay.release();
    await clock.until(() => opened() > before || (relay.answers = false));
  }
  relay.release();
  await clock.until(() => latest() === 'live');
  await clock.pass(5);
  assert.equal(opened(), 4);
  assert.deepEqual([...relay.sessions], ['s4']);
  assert.ok(!states.some(({phase}) => phase === 'waiting'), 'a change of mind is no mishap');
  abort.abort();
  await waitIdle();
  assert.equal(relay.sessions.size, 0);
});

test('a wish while the relay is asked for its configuration costs no other connection', async () => {
  relay.answers = false;
  call.run(abort.signal);
  await waitIdle();
  call.renew();
  relay.release();
  await clock.until(() => latest() === 'live');
  relay.kill();
  await clock.until(() => latest() === 'waiting', 5);
  assert.equal(states.at(-1).code, 'lost', 'a loss is told as one');
});
