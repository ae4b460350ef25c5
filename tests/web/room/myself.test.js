/** What the others see and hear of a participant, with scripted devices and a scripted correction. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Myself} from '../../../web/room/myself.js';
import {Settings} from '../../../web/client/settings.js';
import {ScriptedCorrected} from '../doubles/corrected.js';
import {ScriptedDevices, plugIn} from '../doubles/devices.js';
import {ScriptedTrack, install} from '../doubles/peer.js';
import {holdTime} from '../doubles/waiting.js';

let devices, time, settings, corrections;

beforeEach(() => {
  install();
  time = holdTime();
  devices = new ScriptedDevices();
  plugIn(devices);
  const kept = new Map();
  settings = new Settings({getItem: (key) => kept.get(key) ?? null, setItem: kept.set.bind(kept)});
  corrections = [];
});
afterEach(() => mock.reset());

/** A participant with these switches on or off. */
async function participant({viaRelay = false, ...switches} = {}) {
  const blank = {track: new ScriptedTrack('video', 'blank'), stop: () => blank.track.stop()};
  const correct = (camera, options) => {
    corrections.push(new ScriptedCorrected(camera, options));
    return corrections.at(-1);
  };
  const all = {camera: true, microphone: true, correction: true, ...switches};
  const myself = new Myself({settings, switches: all, viaRelay, blank, correct});
  const troubles = [];
  myself.addEventListener('trouble', ({detail}) => troubles.push(detail));
  await myself.open();
  return Object.assign(myself, {troubles});
}

const offered = ({offering}) => offering && [offering.video.label, offering.audio?.label ?? null];
const label = ({picture}) => picture.label;

test('the page offers what the relay has corrected, picture and sound', async () => {
  settings.change({pitch: 12});
  const myself = await participant();
  assert.deepEqual(offered(myself), ['corrected', 'corrected']);
  const {camera, wish} = corrections[0];
  assert.deepEqual([camera.label, wish.audio.label], ['own video', 'own audio']);
  assert.deepEqual([wish.pitch, wish.enabled, wish.mode], [12, true, 'natural']);
  assert.deepEqual([myself.seen, myself.heard, myself.corrected], [true, true, false]);
  corrections[0].become('corrected');
  assert.ok(myself.corrected);
  assert.equal(label(myself), 'corrected');
});

test('both devices are asked for at once', async () => {
  await participant();
  assert.equal(devices.asked.length, 1);
  assert.ok(devices.asked[0].video && devices.asked[0].audio);
});

test('without a wish for a camera the microphone alone is asked for, and a blank picture is sent', async () => {
  const myself = await participant({camera: false});
  assert.deepEqual(devices.asked.map((one) => Object.keys(one)), [['audio']]);
  assert.deepEqual(offered(myself), ['blank', 'own audio']);
  assert.equal(corrections.length, 0);
});

test('a muted microphone is open, and silent until it is turned on', async () => {
  const myself = await participant({microphone: false});
  const [, microphone] = devices.given;
  assert.deepEqual([microphone.enabled, myself.heard], [false, false]);
  await myself.turn('microphone', true);
  assert.deepEqual([microphone.enabled, myself.heard], [true, true]);
  await myself.turn('microphone', false);
  assert.equal(microphone.enabled, false);
});

test('a camera that is turned off is let go, and comes back corrected', async () => {
  const myself = await participant();
  await myself.turn('camera', false);
  assert.ok(corrections[0].stopped);
  assert.equal(devices.given[0].readyState, 'ended');
  assert.deepEqual([myself.seen, myself.corrected, offered(myself)], [false, false, ['blank', 'own audio']]);
  await myself.turn('camera', true);
  assert.equal(corrections.length, 2);
  assert.deepEqual([myself.seen, offered(myself)], [true, ['corrected', 'corrected']]);
});

test('correction is turned off in the relay while the way stays as it is', async () => {
  const myself = await participant();
  corrections[0].become('corrected');
  await myself.turn('correction', false);
  assert.deepEqual(corrections[0].changes, [{enabled: false}]);
  assert.deepEqual([myself.corrected, myself.trouble.code, offered(myself)], [false, '', ['corrected', 'corrected']]);
  await myself.turn('correction', true);
  assert.deepEqual(corrections[0].changes.at(-1), {enabled: true});
  assert.ok(myself.corrected);
});

test('what is wrong with the relay is told while eyes are to be turned', async () => {
  const myself = await participant();
  corrections[0].become('raw', 'lost', 'gone');
  assert.deepEqual(myself.trouble, {code: 'lost', message: 'gone'});
  myself.retry();
  assert.equal(corrections[0].retries, 1);
  corrections[0].become('corrected');
  assert.deepEqual(myself.trouble, {code: '', message: ''});
});

for (const [errors, permissions, troubles, offer] of [
  [{video: 'NotFoundError'}, {}, ['no_camera'], ['blank', 'own audio']],
  [{video: 'NotReadableError'}, {}, ['camera_busy'], ['blank', 'own audio']],
  [{audio: 'NotFoundError'}, {}, ['soundless'], ['corrected', null]],
  [{audio: 'NotAllowedError'}, {microphone: 'denied'}, ['soundless'], ['corrected', null]],
  [{video: 'NotAllowedError', audio: 'NotAllowedError'}, {}, ['camera_refused', 'soundless'], ['blank', null]],
]) {
  test(`what cannot be had is told: ${JSON.stringify(errors)}`, async () => {
    devices.errors = errors;
    plugIn(devices, permissions);
    const myself = await participant();
    assert.deepEqual(myself.troubles, troubles);
    assert.deepEqual(offered(myself), offer);
  });
}

test('a camera that is pulled out is told, and no longer wished for', async () => {
  const myself = await participant();
  devices.given[0].lose();
  assert.deepEqual([myself.troubles, myself.switches.camera, offered(myself)], [['camera_gone'], false, ['blank', 'own audio']]);
  assert.ok(corrections[0].stopped);
});

test('another device takes over, and the one before is let go', async () => {
  const myself = await participant();
  settings.change({camera: 'second', microphone: 'third'});
  await myself.change('camera');
  await myself.change('microphone');
  assert.deepEqual([corrections[0].camera.label, corrections[0].microphone.label], ['second', 'third']);
  assert.deepEqual(devices.given.map(({readyState}) => readyState), ['ended', 'ended', 'live', 'live']);
  assert.equal(corrections.length, 1);
});

test('a microphone that was missing is looked for again when it is turned on', async () => {
  devices.errors = {audio: 'NotFoundError'};
  const myself = await participant();
  devices.errors = {};
  await myself.turn('microphone', true);
  assert.ok(myself.heard);
  assert.equal(corrections[0].microphone.label, 'own audio');
});

test('where no microphone is chosen, none is asked for', async () => {
  settings.change({microphone: 'none'});
  const myself = await participant();
  assert.deepEqual([devices.asked.length, devices.asked[0].audio, myself.troubles], [1, undefined, []]);
});

test('the end lets go of everything', async () => {
  const myself = await participant();
  const {picture} = myself;
  myself.stop();
  assert.ok(corrections[0].stopped);
  assert.ok(devices.given.every(({readyState}) => readyState === 'ended'));
  assert.notEqual(myself.picture, picture);
  assert.equal(myself.picture.readyState, 'ended');
});

test('the relay publishes only while others look, and the page nothing as long as it does', async () => {
  const myself = await participant({viaRelay: true});
  assert.deepEqual([corrections.length, offered(myself), label(myself)], [0, null, 'own video']);
  myself.enter();
  assert.deepEqual([corrections.length, offered(myself)], [1, null]);
  corrections[0].become('corrected');
  myself.setPresent(true);
  await time.pass(5000);
  assert.deepEqual([myself.corrected, offered(myself)], [true, null]);
  myself.leave();
  assert.ok(corrections[0].stopped);
  assert.equal(offered(myself), null);
});

test('a relay that does not come in time is stood in for, and takes over when it is steady', async () => {
  const myself = await participant({viaRelay: true});
  myself.setPresent(false);
  myself.enter();
  await time.pass(2900);
  assert.equal(offered(myself), null);
  await time.pass(200);
  assert.deepEqual(offered(myself), ['own video', 'own audio']);
  corrections[0].become('corrected');
  myself.setPresent(true);
  assert.deepEqual(offered(myself), ['own video', 'own audio']);
  await time.pass(1600);
  assert.equal(offered(myself), null);
});

test('a relay that is gone from the room is stood in for at once', async () => {
  const myself = await participant({viaRelay: true});
  myself.enter();
  corrections[0].become('corrected');
  myself.setPresent(true);
  await time.pass(2000);
  myself.setPresent(false);
  assert.deepEqual([myself.corrected, offered(myself)], [false, ['own video', 'own audio']]);
});

test('with the correction off the page shows the raw picture itself, and the relay is not in the room', async () => {
  const myself = await participant({viaRelay: true});
  myself.enter();
  await myself.turn('correction', false);
  assert.ok(corrections[0].stopped);
  assert.deepEqual(offered(myself), ['own video', 'own audio']);
});

test('what the room says of the relay in it is passed on', async () => {
  const myself = await participant({viaRelay: true});
  const ends = [];
  myself.addEventListener('ended', ({detail}) => ends.push(detail));
  myself.enter();
  const say = (state, detail) => corrections[0].dispatchEvent(new CustomEvent('meeting', {detail: {state, detail}}));
  say('lost', 'away');
  say('ended', 'put out');
  assert.deepEqual(ends, ['put out']);
});
