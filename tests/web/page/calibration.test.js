/** The steps of the calibration dialog; the test sends the relay's messages. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';
import {Calibration} from '../../../web/page/calibration.js';
import {Dialog, Element} from '../doubles/element.js';

let dialog, go, cancel, text, step, title, sent, mirrored, calibration;

beforeEach(() => {
  globalThis.window = globalThis;
  mock.timers.enable({apis: ['setTimeout']});
  [go, cancel, text, step, title] = Array.from({length: 5}, () => new Element());
  dialog = new Dialog({
    '#look-go': go, '#look-cancel': cancel, '#look-text': text, '#look-step': step, '#look-title': title,
  });
  sent = [];
  mirrored = true;
  calibration = new Calibration(dialog, ({type, look}) => sent.push(`${type} ${look}`), () => mirrored);
  calibration.open();
});
afterEach(() => mock.timers.reset());

const receive = (state, message = {}) => calibration.handleMessage({type: 'calibration', state, ...message});

test('it begins with the lens, ready to be pressed', () => {
  assert.deepEqual([dialog.open, go.focused, step.textContent], [true, true, 'Look 1 of 2']);
  assert.equal(go.textContent, 'I am looking at the lens');
});

test('two looks lead to a direction, named as it is seen', () => {
  go.click();
  receive('looking', {look: 'lens'});
  assert.match(text.textContent, /Keep looking/);
  go.click();
  assert.deepEqual(sent, ['calibrate lens'], 'a second press while it measures says nothing');
  receive('looked', {look: 'lens'});
  assert.equal(title.textContent, 'Look at the other person');
  go.click();
  receive('looking', {look: 'face'});
  receive('done', {pitch: 9.1, yaw: -0.4});
  assert.match(text.textContent, /9\.1° up, 0\.4° right/);
  assert.equal(go.textContent, 'Close');
  go.click();
  assert.equal(dialog.open, false);
  assert.deepEqual(sent, ['calibrate lens', 'calibrate face'], 'there is nothing to cancel');
});

test('what is done can be repeated', () => {
  receive('done', {pitch: 9, yaw: 0});
  cancel.click();
  assert.deepEqual([dialog.open, step.textContent], [true, 'Look 1 of 2']);
});

for (const [code, reason] of [['blinked', /You blinked/], ['of_tomorrow', /the relay's own sentence/]]) {
  test(`a look rejected as ${code} says why and can be repeated`, () => {
    go.click();
    receive('looked', {look: 'lens'});
    go.click();
    receive('rejected', {look: 'face', code, message: "the relay's own sentence"});
    assert.match(text.textContent, reason);
    assert.deepEqual([step.textContent, go.textContent], ['Look 2 of 2', 'Try again']);
    go.click();
    assert.deepEqual(sent, ['calibrate lens', 'calibrate face', 'calibrate face']);
    cancel.click();
    assert.deepEqual([dialog.open, sent.at(-1)], [false, 'calibrate cancel']);
  });
}

test('a wrong order begins again', () => {
  go.click();
  receive('looked', {look: 'lens'});
  receive('rejected', {look: 'face', code: 'wrong_order', message: ''});
  assert.equal(step.textContent, 'Look 1 of 2');
  dialog.close(); // as Escape does
  assert.equal(sent.at(-1), 'calibrate cancel');
});

test('a silent relay is not waited for', () => {
  go.click();
  mock.timers.tick(3000);
  receive('looking', {look: 'lens'});
  mock.timers.tick(3900);
  assert.equal(dialog.dataset.state, 'measuring', 'each message of the relay restarts the timeout');
  mock.timers.tick(200);
  assert.match(text.textContent, /did not answer/);
  assert.deepEqual([dialog.dataset.state, go.textContent], ['rejected', 'Try again']);
});

test('a relay that goes takes what was measured with it', () => {
  go.click();
  receive('looked', {look: 'lens'});
  calibration.interrupt();
  assert.equal(step.textContent, 'Look 1 of 2');
  assert.match(text.textContent, /connection to the relay was lost/);
});

test('a closed dialog hears nothing', () => {
  dialog.close();
  receive('looked', {look: 'lens'});
  assert.equal(step.textContent, 'Look 1 of 2');
});
