/** What the indicator shows of the gaze, and why. */

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {judge} from '../../../web/client/gaze.js';
import {Indicator, describe} from '../../../web/page/indicator.js';
import {Element} from '../doubles/element.js';

const CORRECTION = {enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0};
const USUAL = {phase: 'live', showing: 'corrected', held: false, finding: {altered: true, share: 1, reason: ''}};

for (const [facts, altered, reason] of [
  [{}, true, ''],
  [{phase: 'connecting'}, false, 'connecting'],
  [{phase: 'waiting'}, false, 'reconnecting'],
  [{held: true}, false, 'held'],
  [{showing: 'original'}, false, 'waiting'],
  [{correction: {enabled: false}}, false, 'off'],
  [{correction: {strength: 0}}, false, 'strength'],
  [{correction: {pitch: 0}}, false, 'offset'],
  [{correction: {pitch: 0, mode: 'teleprompter'}}, true, ''],
  [{finding: {altered: false, share: 0, reason: 'no_face'}}, false, 'no face'],
  [{finding: {altered: true, share: 0.2, reason: 'eyes_closed'}}, true, 'eyes closed'],
]) {
  test(`the indicator says what happens and why: ${JSON.stringify(facts)}`, () => {
    const message = describe({...USUAL, ...facts, correction: {...CORRECTION, ...facts.correction}});
    assert.equal(message.altered, altered);
    if (reason) assert(message.reason.includes(reason), message.reason);
    else assert.equal(message.reason, '');
  });
}

test('text is touched only where it differs, so that nothing is read out twice', () => {
  const written = [];
  const watched = () => Object.defineProperty(new Element(), 'textContent', {
    get: () => written.at(-1) ?? '', set: (text) => written.push(text),
  });
  const box = new Element({'#gaze-title': watched(), '#gaze-reason': new Element()});
  const indicator = new Indicator(box, CORRECTION);
  indicator.update(USUAL);
  indicator.update({finding: {altered: true, share: 0.9, reason: ''}});
  assert.deepEqual(written, ['Gaze corrected']);
  assert.equal(box.dataset.altered, 'true');
  indicator.update({held: true});
  assert.deepEqual([written.at(-1), box.dataset.altered], ['Not corrected', 'false']);
});

for (const [what, earlier, later, finding] of [
  ['nothing yet', undefined, {corrected: 0, passed: {}}, {altered: false, share: 0, reason: ''}],
  [
    'what was before does not count',
    {corrected: 10, passed: {warming_up: 9}}, {corrected: 40, passed: {warming_up: 9}}, {altered: true, share: 1, reason: ''},
  ],
  [
    'the commonest reason',
    {corrected: 10, passed: {off: 50}}, {corrected: 15, passed: {off: 50, eyes_closed: 5, no_face: 10}},
    {altered: true, share: 0.25, reason: 'no_face'},
  ],
  [
    'nothing corrected any more',
    {corrected: 10, passed: {}}, {corrected: 10, passed: {turned_away: 30}},
    {altered: false, share: 0, reason: 'turned_away'},
  ],
]) {
  test(`gaze is judged by what happened since: ${what}`, () => assert.deepEqual(judge(earlier, later), finding));
}
