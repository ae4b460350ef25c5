/** What a person has chosen, whatever their browser's storage holds. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Settings, accept} from '../../web/settings.js';

const KEY = 'eyeline.settings';
const USUAL = {enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0};

function storage(kept = {}) {
  return {kept, getItem: (key) => kept[key] ?? null, setItem: (key, value) => { kept[key] = value; }};
}

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
  test(`of ${candidate} only what is right is taken`, () => {
    assert.deepEqual(accept(JSON.parse(candidate)), accepted);
  });
}

for (const rubbish of ['{', 'null', '[1]', '{"pitch": 1e9}', '"x"']) {
  test(`a storage that holds ${rubbish} does no harm`, () => {
    assert.deepEqual(new Settings(storage({[KEY]: rubbish})).correction, USUAL);
  });
}

test('what the person chose is kept, and the rest follows the relay', () => {
  const place = storage();
  new Settings(place).change({strength: 40});
  const settings = new Settings(place);
  settings.adoptDefaults({strength: 70, pitch: 5, mode: 'nonsense'});
  assert.deepEqual(settings.correction, {...USUAL, strength: 40, pitch: 5});
  settings.change({pitch: 9});
  settings.reset('pitch');
  assert.equal(settings.correction.pitch, 5);
  assert.deepEqual(JSON.parse(place.kept[KEY]), {strength: 40});
});

test('choices last as long as the page where storing is forbidden', () => {
  const fail = () => { throw new DOMException('no', 'SecurityError'); };
  const settings = new Settings({getItem: fail, setItem: fail});
  settings.change({yaw: 3});
  assert.equal(settings.all.yaw, 3);
});

test('a change names what is another value now, and nothing is said where nothing is', () => {
  const settings = new Settings(storage());
  const named = [];
  settings.addEventListener('change', ({detail}) => named.push(detail));
  settings.change({strength: 100, pitch: 9});
  settings.change({pitch: 9, yaw: 99});
  assert.deepEqual(named, [['pitch']]);
});
