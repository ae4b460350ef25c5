/** The user's settings, whatever storage holds. */

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Settings, accept} from '../../../web/client/settings.js';

const KEY = 'eyeline.settings';
const DEFAULTS = {enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0};
const storageWith = (text) => {
  const kept = new Map(text === undefined ? [] : [[KEY, text]]);
  return {kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value)};
};

for (const [candidate, accepted] of [
  ['{"strength": 40, "mode": "teleprompter"}', {strength: 40, mode: 'teleprompter'}],
  ['{"strength": 101, "pitch": -25, "yaw": 25.1}', {pitch: -25}],
  ['{"strength": "40", "enabled": 1, "mode": "else", "split": null}', {}],
  ['{"unknown": 1, "toString": 2, "__proto__": {"mirror": false}}', {}],
  ['{"where": "here", "lines": false}', {where: 'here', lines: false}],
  ['{"where": "elsewhere", "lines": 0}', {}],
  ['null', {}],
  ['"text"', {}],
]) {
  test(`settings take only what is right: ${candidate}`, () => assert.deepEqual(accept(JSON.parse(candidate)), accepted));
}

for (const rubbish of ['{', 'null', '[1]', '{"pitch": 1e9}', '"x"']) {
  test(`settings survive any storage: ${rubbish}`, () => {
    assert.deepEqual(new Settings(storageWith(rubbish)).correction, DEFAULTS);
  });
}

test('settings keep what the person chose and follow the relay in the rest', () => {
  const storage = storageWith();
  new Settings(storage).change({strength: 40});
  const settings = new Settings(storage);
  settings.adoptDefaults({strength: 70, pitch: 5, mode: 'nonsense'});
  assert.deepEqual(settings.correction, {...DEFAULTS, strength: 40, pitch: 5});
  settings.change({pitch: 9});
  settings.reset('pitch');
  assert.equal(settings.correction.pitch, 5);
  assert.deepEqual(JSON.parse(storage.kept.get(KEY)), {strength: 40});
});

test('a change is announced by name, and only where something changed', () => {
  const changes = [];
  const settings = new Settings(storageWith());
  settings.addEventListener('change', ({detail}) => changes.push(detail));
  settings.change({yaw: 3, strength: 100});
  settings.change({yaw: 3});
  assert.deepEqual(changes, [['yaw']]);
});

test('settings work where storing is forbidden', () => {
  const fail = () => { throw new DOMException('no', 'SecurityError'); };
  const settings = new Settings({getItem: fail, setItem: fail});
  settings.change({yaw: 3});
  assert.equal(settings.all.yaw, 3);
});
