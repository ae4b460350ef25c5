/** The library's public interface: what the track shows, and which events are fired, in all situations. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {Context} from '../doubles/audio.js';
import {ScriptedWorker, Track, beacons} from '../doubles/browser.js';
import {Clock, waitIdle} from '../doubles/clock.js';
import {ScriptedConnection} from '../doubles/connection.js';
import {ScriptedRelay} from '../doubles/relay.js';

const {correctTrack} = await import('../../../web/eyeline.js');

const ADDRESS = 'https://relay.test/';
const USUAL = {enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0};

let clock, relay, camera, corrected, states;

beforeEach(() => {
  clock = new Clock();
  relay = new ScriptedRelay();
  camera = new Track();
  ScriptedWorker.all.length = 0;
});

afterEach(() => {
  corrected?.stop();
  corrected = undefined;
  clock.stop();
});

/** Starts; the switch's reports are sent by show(). */
async function begin(options = {}) {
  corrected = await correctTrack(camera, {relay: ADDRESS, ...options});
  states = [];
  corrected.addEventListener('state', ({detail}) => states.push([detail.state, detail.code].join(' ').trim()));
  switcher().emit(null);
}

const switcher = () => ScriptedWorker.all.find(({name}) => name === 'switch');
const followed = () => switcher().messages.filter(({type}) => type === 'corrected').map(({readable}) => readable !== undefined);
const live = () => clock.until(() => corrected.phase === 'live');
const connection = () => ScriptedConnection.latest;

let count = 0;

function show(showing) {
  count += 5;
  switcher().emit({showing, count, raw: 3, corrected: 5, dropped: 0, ended: false});
}

/** Connected, and the first corrected frame has arrived. */
async function succeed(options) {
  await begin(options);
  await waitIdle();
  connection().ontrack({track: new Track()});
  await live();
  await clock.pass(0.2);
  show('corrected');
  assert.equal(corrected.state, 'corrected');
}

/** The details of all events of this name. */
function listen(name) {
  const events = [];
  corrected.addEventListener(name, ({detail}) => events.push(detail));
  return events;
}

test('the track is there at once, and tells when it is corrected', async () => {
  await begin();
  assert.deepEqual([corrected.state, corrected.phase, corrected.track.readyState, corrected.audio], ['connecting', 'connecting', 'live', null]);
  await waitIdle();
  connection().ontrack({track: new Track()});
  await live();
  await clock.pass(0.2);
  assert.deepEqual(followed(), [true], 'what comes back is followed');
  show('corrected');
  assert.deepEqual(states, ['connecting', 'corrected']);
  assert.deepEqual(corrected.status, {state: 'corrected', phase: 'live', code: '', message: ''});
});

for (const [what, given, words] of [
  ['a microphone for a camera', [new Track('audio')], 'kind video'],
  ['nothing for a camera', [null], 'kind video'],
  ['an option that is out of range', [new Track(), {strength: -1}], 'strength: -1'],
  ['a meeting with warping here', [new Track(), {where: 'here', publish: {whip: 'x'}}], 'publish'],
]) {
  test(`${what} is refused by name, and nothing is begun`, async () => {
    await assert.rejects(correctTrack(...given), (error) => error instanceof TypeError && error.message.includes(words));
    assert.deepEqual([relay.requests, ScriptedWorker.all], [[], []]);
  });
}

test('one object tells what happens', async () => {
  await succeed({audio: new Track('audio')});
  const events = listen('stats');
  relay.send({
    type: 'stats', width: 320, height: 240, fps_in: 15, fps_out: 15, faces: 1, pipeline: 'sequential',
    frames: {in: 9, out: 9, dropped: 0, corrected: 6, passed: {warming_up: 3}}, delay_ms: {p50: 2, p95: 3}, stages_ms: {}, age_frames: {},
  });
  await waitIdle();
  const stats = corrected.stats();
  assert.deepEqual(events, [stats]);
  const {state, where, width, track, sound, altered, share, reason, frames} = stats;
  assert.deepEqual([state, where, width, sound, altered, reason], ['corrected', 'relay', 320, 'running', true, 'warming_up']);
  assert.deepEqual([share.toFixed(2), track, frames.corrected], ['0.67', {route: 'worker', raw: 3, corrected: 5, dropped: 0}, 6]);
  assert.equal(typeof stats.trip_ms, 'number');
});

test('settings go to the relay with the offer, and each change after it', async () => {
  await succeed({strength: 80});
  assert.deepEqual(relay.asked('POST', '/api/sessions')[0].body.settings, {...USUAL, strength: 80});
  relay.channel.sent.length = 0;
  relay.send({type: 'settings', ...USUAL, strength: 80});
  corrected.change({strength: 60, mode: 'teleprompter'});
  assert.deepEqual(relay.channel.sent, [{type: 'settings', ...USUAL, strength: 60, mode: 'teleprompter'}]);
  assert.throws(() => corrected.change({strength: 101}), TypeError);
  assert.equal(corrected.settings.strength, 60);
});

test('the relay’s own defaults and changes are taken over and told', async () => {
  relay.config.defaults = {pitch: 5};
  await begin();
  const [configs, changes, messages] = ['config', 'settings', 'message'].map(listen);
  await live();
  assert.equal(corrected.settings.pitch, 5);
  assert.equal(configs[0].version, '1');
  relay.send({type: 'settings', ...USUAL, pitch: 5});
  assert.deepEqual(changes, []);
  relay.send({type: 'settings', ...USUAL, pitch: 9.1});
  assert.deepEqual(changes, [{...USUAL, pitch: 9.1, where: 'relay'}]);
  relay.send({type: 'calibration', state: 'done'});
  assert.deepEqual(messages.map(({type}) => type), ['settings', 'settings', 'calibration']);
});

test('news of the meeting that the relay publishes in are told', async () => {
  await succeed({publish: {janus: 'main', room: 1}});
  assert.deepEqual(relay.asked('POST', '/api/sessions')[0].body.publish, {janus: 'main', room: 1});
  const events = listen('meeting');
  relay.send({type: 'meeting', state: 'lost', detail: 'gone'});
  assert.deepEqual(events, [{type: 'meeting', state: 'lost', detail: 'gone'}]);
  assert.throws(() => corrected.change({where: 'here'}), TypeError);
});

test('a relay that dies leaves the camera’s own picture, and is found again for the same track', async () => {
  await succeed();
  const {track} = corrected;
  relay.kill();
  await clock.until(() => corrected.state === 'raw', 1);
  assert.equal(states.at(2), 'raw quiet');
  await clock.until(() => corrected.status.code === 'unreachable', 5);
  assert.match(corrected.status.message, /cannot be reached/);
  show('raw');
  assert.equal(followed().at(-1), false, 'nothing of the former connection is followed');
  relay.dead = false;
  await live();
  connection().ontrack({track: new Track()});
  await clock.pass(0.2);
  show('corrected');
  assert.deepEqual([corrected.state, corrected.track, track.readyState], ['corrected', track, 'live']);
});

test('a relay that is about to stop is left at once', async () => {
  await succeed();
  relay.send({type: 'draining', seconds: 30});
  assert.equal(followed().at(-1), false);
  await clock.until(() => states.includes('raw draining'), 1);
  await live();
  assert.equal(relay.asked('DELETE', '/api/sessions/s1').length, 1);
});

test('a wrong token is told and not tried again', async () => {
  relay.refusals['/api/sessions'] = {status: 401, body: {code: 'unauthorized', detail: 'this token cannot be read'}};
  await begin({token: 'wrong'});
  await clock.pass(30);
  const {state, phase, code, message} = corrected.status;
  assert.deepEqual([state, phase, code, message], ['raw', 'refused', 'unauthorized', 'this token cannot be read']);
  assert.equal(relay.asked('POST', '/api/sessions')[0].headers.Authorization, 'Bearer wrong');
  assert.equal(relay.asked('POST', '/api/sessions').length, 1);
});

test('a token that is refused is asked for anew', async () => {
  relay.refusals['/api/sessions'] = {status: 401, body: {code: 'unauthorized'}};
  let asked = 0;
  await begin({token: async () => {
    if (++asked > 1) relay.refusals = {};
    return `t${asked}`;
  }});
  await live();
  assert.equal(asked, 2);
  assert.ok(states.includes('raw unauthorized'));
  assert.equal(relay.asked('POST', '/api/sessions').at(-1).headers.Authorization, 'Bearer t2');
});

test('a full relay says so in its own words, and is asked again', async () => {
  relay.refusals['/api/sessions'] = {status: 503, body: {code: 'busy', detail: 'the relay holds 8 sessions'}, headers: {'Retry-After': '1'}};
  await begin();
  await clock.until(() => corrected.status.code === 'busy');
  assert.deepEqual([corrected.state, corrected.status.message], ['raw', 'the relay holds 8 sessions']);
  relay.refusals = {};
  await live();
});

test('an address without a relay is told, until somebody asks again', async () => {
  relay.config = {};
  await begin();
  await clock.until(() => corrected.phase === 'refused');
  assert.deepEqual(states, ['raw not_a_relay']);
  relay.config = {iceServers: []};
  corrected.retry();
  await live();
});

test('another place is another session of the same track', async () => {
  await succeed();
  const {track} = corrected;
  corrected.change({where: 'here'});
  await waitIdle();
  await live();
  assert.deepEqual(states.slice(2), ['connecting', 'corrected'], 'this scripted switch was never told otherwise');
  assert.deepEqual(relay.asked('POST', '/api/sessions').map(({body}) => body.returns), [undefined, 'field']);
  assert.deepEqual([...relay.sessions], ['s2']);
  assert.deepEqual([corrected.stats().where, corrected.track], ['here', track]);
  assert.deepEqual(connection().getSenders().map((sender) => sender.track.kind), ['video'], 'no sound makes the journey');
  corrected.change({where: 'relay'});
  await live();
  assert.deepEqual([relay.asked('POST', '/api/sessions').at(-1).body.returns, corrected.spans()], [undefined, undefined]);
});

test('a browser that cannot warp says why, and can go on at the relay', async () => {
  await succeed();
  corrected.change({where: 'here'});
  for (let times = 0; times < 3; times += 1) {
    ScriptedWorker.all.findLast(({name}) => name === 'local').fail();
    await waitIdle();
  }
  assert.deepEqual([corrected.state, corrected.status.code, corrected.phase], ['raw', 'no_worker', 'refused']);
  corrected.change({where: 'relay'});
  await live();
});

test('so does one that refuses workers at once', async () => {
  await succeed();
  globalThis.Worker = class { constructor() { throw new DOMException('', 'SecurityError'); } };
  try {
    corrected.change({where: 'here'});
    await waitIdle();
    assert.deepEqual([corrected.state, corrected.status.code], ['raw', 'no_worker']);
  } finally {
    globalThis.Worker = ScriptedWorker;
  }
});

test('another camera is sent in the place of the first, over the same connection', async () => {
  await succeed();
  const other = new Track();
  await corrected.replaceCamera(other);
  await corrected.replaceCamera(other);
  assert.deepEqual(connection().getSenders().map(({track}) => track), [other]);
  assert.deepEqual(switcher().messages.filter(({type}) => type === 'camera').length, 2);
  assert.equal(camera.readyState, 'live', 'it stays its owner’s');
  await assert.rejects(corrected.replaceCamera(new Track('audio')), TypeError);
  assert.equal(relay.asked('POST', '/api/sessions').length, 1);
  relay.send({type: 'draining', seconds: 30});
  await clock.until(() => relay.sessions.has('s2'));
  assert.deepEqual(connection().getSenders().map(({track}) => track), [other], 'nor does the next one know of the first');
});

test('a first microphone takes another connection, and the next one does not', async () => {
  await succeed();
  const microphone = new Track('audio');
  await corrected.replaceMicrophone(microphone);
  await waitIdle();
  await live();
  assert.deepEqual(connection().getSenders().map(({track}) => track), [camera, microphone]);
  const {audio} = corrected;
  assert.deepEqual(Context.all.at(-1).audible, [microphone]);
  const other = new Track('audio');
  await corrected.replaceMicrophone(other);
  await corrected.replaceMicrophone(null);
  assert.deepEqual([relay.asked('POST', '/api/sessions').length, corrected.audio, audio.readyState], [2, audio, 'live']);
  await assert.rejects(corrected.replaceMicrophone(new Track()), TypeError);
});

test('a camera that ends is told', async () => {
  await succeed();
  camera.end();
  assert.equal(corrected.status.code, 'camera_gone');
  const other = new Track();
  await corrected.replaceCamera(other);
  assert.equal(corrected.status.code, '');
});

test('a stopped one lets go of everything but the camera', async () => {
  const microphone = new Track('audio');
  await succeed({audio: microphone});
  const {audio} = corrected;
  corrected.stop();
  corrected.stop();
  await waitIdle();
  assert.deepEqual([corrected.state, corrected.track.readyState, audio.readyState], ['stopped', 'ended', 'ended']);
  assert.deepEqual([camera.readyState, microphone.readyState, [...relay.sessions]], ['live', 'live', []]);
  assert.equal(connection().connectionState, 'closed');
  assert.equal(states.at(-1), 'stopped');
  assert.equal(clock.waiting, 0, 'nothing goes on');
  await corrected.replaceCamera(new Track());
  assert.equal(corrected.state, 'stopped');
});

test('a signal ends it, at once where it was aborted before', async () => {
  const abort = new AbortController();
  await succeed({signal: abort.signal});
  abort.abort();
  assert.deepEqual([corrected.state, corrected.track.readyState], ['stopped', 'ended']);
  relay.requests.length = 0;
  await begin({signal: AbortSignal.abort()});
  assert.deepEqual([corrected.state, corrected.track.readyState, relay.requests], ['stopped', 'ended', []]);
});

test('somebody who stops the track has it stopped', async () => {
  await succeed();
  switcher().emit({showing: 'corrected', count: 1, raw: 0, corrected: 1, dropped: 0, ended: true});
  assert.equal(corrected.state, 'stopped');
});

test('a page that is left says so by a beacon', async () => {
  await succeed();
  beacons.length = 0;
  window.dispatchEvent(new Event('pagehide'));
  assert.deepEqual(beacons, ['https://relay.test/api/sessions/s1/close']);
});
