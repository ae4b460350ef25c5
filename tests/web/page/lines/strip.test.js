/** When the strip requests the trace, how often it draws, and the text it shows. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';
import {Strip, sentence} from '../../../../web/page/lines/strip.js';
import {Element} from '../../doubles/element.js';
import {Canvas, Screen} from '../../doubles/screen.js';

let screen, box, canvas, words, requests, strip;

beforeEach(() => {
  screen = new Screen();
  canvas = new Canvas();
  words = new Element();
  box = new Element({canvas, '#ages': words});
  strip = new Strip(box);
  requests = [];
});
afterEach(() => mock.restoreAll());

const connect = () => strip.connect(({type, enabled}) => requests.push([type, enabled]));
/** A frame is shown with landmarks of this age. */
const shown = (age) => strip.handleMessage({
  type: 'trace', now: screen.now / 1000, spans: [], shown: [[100, screen.now / 1000, 100 - age, 99, 'corrected']],
});

test('the trace is asked for only while somebody sees it', () => {
  connect();
  screen.pass(100);
  assert.deepEqual(requests, [], 'it is not on the screen');
  screen.show(true);
  screen.show(true);
  screen.hide(true);
  screen.hide(false);
  screen.show(false);
  const wanted = (enabled) => ['trace', enabled];
  assert.deepEqual(requests, [true, false, true, false].map(wanted));
  screen.show(true);
  connect();
  assert.deepEqual(requests.slice(4), [true, true].map(wanted), 'another relay needs its own request');
  strip.disconnect();
  screen.show(false);
  assert.equal(requests.length, 6, 'no request without a relay');
});

test('it moves as often as the eye needs, hardly where motion is not wanted, and not at all unseen', () => {
  connect();
  const drawings = (milliseconds) => {
    const before = canvas.context.drawings;
    screen.pass(milliseconds);
    return canvas.context.drawings - before;
  };
  assert(drawings(2000) <= 1);
  screen.show(true);
  const lively = drawings(2000);
  assert(lively >= 36 && lively <= 60, `${lively} in two seconds`);
  screen.calm = true;
  const calm = drawings(2000);
  assert(calm >= 3 && calm <= 5, `${calm} in two seconds`);
  screen.hide(true);
  assert(drawings(2000) <= 1);
});

test('ages are told at most once a second', () => {
  connect();
  screen.show(true);
  const shownTexts = [];
  for (let turn = 0; turn < 100; turn += 1) {
    shown(turn >> 3); // older four times a second
    screen.pass(33);
    if (words.textContent !== shownTexts.at(-1)?.text) shownTexts.push({text: words.textContent, at: screen.now});
  }
  assert(shownTexts.length > 2, 'it changes');
  assert(shownTexts.length <= 5, 'more often than once a second, in 3.3 s');
  for (const [index, {at}] of shownTexts.entries()) assert(index < 2 || at - shownTexts[index - 1].at > 900);
  assert.equal(canvas.getAttribute('aria-label'), `Pipeline timeline. ${words.textContent}`);
});

test('a relay that has gone has nothing to say', () => {
  connect();
  screen.show(true);
  screen.pass(1100);
  shown(1);
  screen.pass(1100);
  shown(1);
  screen.pass(1100);
  strip.disconnect();
  assert.equal(words.textContent, sentence(null));
});

test('a relay that cannot tell has no strip', () => {
  connect();
  strip.handleMessage({type: 'error', code: 'malformed'});
  assert.equal(box.hidden, false);
  strip.handleMessage({type: 'error', code: 'unknown_type', message: 'none of settings, calibrate, ping'});
  assert.equal(box.hidden, true);
});

test('ages are put in words', () => {
  assert.equal(sentence(null), 'No frame is shown corrected.');
  assert.equal(sentence({landmarks: 1, field: 2}), 'Shown with landmarks 1 frame old, field 2 frames old.');
});
