/** Settings: validated, sent one message at a time, and changed by the relay itself. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Track} from '../doubles/browser.js';

const {checkOptions, checkTrack} = await import('../../../web/client/options.js');
const {CorrectionSync} = await import('../../../web/client/correction.js');
const {Settings} = await import('../../../web/client/settings.js');
const {SyncedSettings} = await import('../../../web/client/synced-settings.js');

const NO_STORAGE = {getItem: () => null, setItem: () => {}};
const USUAL = {enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0, where: 'relay'};

for (const [options, words] of [
  [{strength: -1}, 'strength: -1'],
  [{relais: ''}, 'relais'],
  [{relay: 'https://'}, 'relay: "https://"'],
  [{relay: 5}, 'relay: 5'],
  [{token: 5}, 'token: number'],
  [{publish: 'main'}, 'publish: "main"'],
  [{publish: null}, 'publish: null'],
  [{signal: {}}, 'signal: that object'],
  [{route: 'tunnel'}, 'route: "tunnel"'],
  [{where: 'there'}, 'where: "there"'],
  [{where: 'here', publish: {whip: 'x'}}, 'publish'],
  [{audio: new Track('video')}, 'kind audio is needed, not one of kind video'],
]) {
  test(`the option ${words} is refused by name`, () => {
    assert.throws(() => checkOptions(options), (error) => error instanceof TypeError && error.message.includes(words));
  });
}

test('options that can be used are not refused', () => {
  checkOptions({});
  checkOptions({
    relay: '/below', token: () => 'x', audio: new Track('audio'), publish: {whip: 'x'}, signal: AbortSignal.abort(),
    route: 'canvas', strength: 0, where: 'relay', mode: undefined,
  });
  checkOptions({audio: null, where: 'here'});
});

for (const [track, words] of [
  [null, 'kind video is needed, not null'], [new Track('audio'), 'not one of kind audio'], ['x', 'not "x"'],
  [undefined, 'not undefined'],
]) {
  test(`a camera that is ${words} is refused`, () => {
    assert.throws(() => checkTrack(track, 'video'), (error) => error instanceof TypeError && error.message.includes(words));
  });
}

test('settings are those of the options, and of the relay where nothing was wished', () => {
  const synced = new SyncedSettings({strength: 40, where: 'here', token: 'x'});
  assert.deepEqual(synced.settings, {...USUAL, strength: 40, where: 'here'});
  synced.adoptDefaults({strength: 70, pitch: 5});
  assert.deepEqual(synced.correction, {enabled: true, mode: 'natural', strength: 40, pitch: 5, yaw: 0});
});

for (const [wrong, words] of [
  [{strength: 101}, 'strength: 101'], [{mode: 'else'}, 'mode: "else"'], [{size: 1}, 'size'], [{where: 'there'}, 'where: "there"'],
  [{token: 'x'}, 'token'], [{pitch: 3, yaw: 26}, 'yaw: 26'],
]) {
  test(`a change to ${words} is refused by name, and changes nothing`, () => {
    const synced = new SyncedSettings({});
    assert.throws(() => synced.change(wrong), (error) => error instanceof TypeError && error.message.includes(words));
    assert.deepEqual(synced.settings, USUAL);
  });
}

test('a change says whether the place is another one; with a meeting there is but one', () => {
  const synced = new SyncedSettings({});
  assert.deepEqual([{where: 'relay'}, {where: 'here', yaw: 2}, {yaw: 3}, {where: 'relay'}].map((one) => synced.change(one)),
    [false, true, false, true]);
  assert.throws(() => new SyncedSettings({publish: {whip: 'x'}}).change({where: 'here'}), TypeError);
});

test('what the relay changes by itself is taken over, and not sent back', () => {
  const synced = new SyncedSettings({});
  const sent = [];
  synced.connect((message) => sent.push(message));
  assert.deepEqual(sent, [{type: 'settings', enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0}]);
  assert.equal(synced.receive({type: 'settings', ...synced.correction}), false, 'the answer to what was sent');
  assert.equal(synced.receive({type: 'settings', ...synced.correction, pitch: 3}), true, 'after a calibration');
  assert.equal(synced.settings.pitch, 3);
  assert.equal(sent.length, 1);
  synced.disconnect();
  synced.change({yaw: 4});
  assert.equal(sent.length, 1, 'nobody is there');
});

test('settings go out one at a time, and the newest wins', () => {
  const settings = new Settings(NO_STORAGE);
  const sent = [];
  const sync = new CorrectionSync(settings);
  sync.connect(({strength}) => sent.push(strength));
  for (const strength of [90, 80, 70, 60]) settings.change({strength});
  sync.receive({type: 'settings', ...settings.correction, strength: 100});
  sync.receive({type: 'settings', ...settings.correction});
  sync.receive({type: 'settings', ...settings.correction, strength: 55});
  settings.change({strength: 50});
  assert.deepEqual([sent, settings.all.strength], [[100, 60, 50], 50]);
});

test('a refused message does not hold up the next one', () => {
  const settings = new Settings(NO_STORAGE);
  const sent = [];
  const sync = new CorrectionSync(settings);
  sync.connect(({pitch}) => sent.push(pitch));
  settings.change({pitch: 1});
  sync.receive({type: 'error', code: 'invalid_setting'});
  assert.deepEqual(sent, [8, 1]);
});
