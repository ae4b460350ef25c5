/** Which frames are shown, and with which timestamps. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {RtpClock, Switch, Timeline} from '../../../../web/client/track/switch.js';

/** A camera of 30 frames a second before a switch. */
function start(switcher = new Switch()) {
  let time = 0;
  /** How many of the next frames are shown. */
  const raw = (count) => {
    let shown = 0;
    for (let picture = 0; picture < count; picture += 1) if (switcher.raw(time += 33_333)) shown += 1;
    return shown;
  };
  return {switcher, raw, restart: () => { time = 0; }};
}

test('raw pictures go on until the first corrected one, and again after silence', () => {
  const {switcher, raw} = start();
  assert.deepEqual([raw(3), switcher.corrected()], [3, false]);
  switcher.offer();
  assert.deepEqual([raw(2), switcher.corrected()], [2, true]);
  assert.equal(raw(17), 0, 'a short silence is no reason');
  assert.deepEqual([raw(10), switcher.showing], [9, 'raw']);
  assert.deepEqual([switcher.corrected(), switcher.showing], [true, 'corrected']);
  switcher.withdraw();
  assert.deepEqual([raw(1), switcher.corrected(), switcher.count], [1, false, 2]);
});

test('corrected pictures at a slow pace are no silence', () => {
  const {switcher, raw} = start();
  switcher.offer();
  const shown = [];
  for (let times = 0; times < 30; times += 1) {
    switcher.corrected();
    shown.push(raw(24)); // 0.8 s
  }
  assert.ok(shown[0] > 0, 'at first nobody knows the pace');
  assert.deepEqual(shown.slice(5), Array(25).fill(0), 'later it does not go back and forth');
  const unseen = 24 + 200 - raw(200);
  assert.ok(unseen <= 99, `and yet a relay that dies is noticed: after ${unseen} pictures`);
});

test('one long gap is forgotten within half a second of a usual pace', () => {
  const {switcher, raw} = start();
  const steadily = (count) => { for (let times = 0; times < count; times += 1) { switcher.corrected(); raw(2); } };
  switcher.offer();
  steadily(5);
  raw(150);
  steadily(8);
  assert.deepEqual([raw(15), raw(10) > 8], [0, true]);
});

test('another connection’s pace is its own', () => {
  const {switcher, raw} = start();
  switcher.offer();
  for (let times = 0; times < 10; times += 1) { switcher.corrected(); raw(24); }
  switcher.offer();
  switcher.corrected();
  assert.equal(raw(20), 2, 'more than 0.6 s are silence again');
});

test('another camera, with another clock, is no silence', () => {
  const {switcher, raw, restart} = start();
  switcher.offer();
  raw(100);
  switcher.corrected();
  restart();
  assert.equal(raw(10), 0);
});

test('time runs on through sources that count from elsewhere', () => {
  const timeline = new Timeline();
  const places = [
    ['camera', 5_000_000, 1_000_000, true], ['camera', 5_033_000, 1_033_000, true],
    ['relay', 70, 1_073_000, false], ['relay', 33_070, 1_100_000, false],
    ['relay', 20_070, 1_101_000, false], ['camera', 5_200_000, 1_200_000, true],
    ['other', 1_000, 1_240_000, true], ['other', 34_000, 1_280_000, true],
  ].map((picture) => timeline.place(...picture));
  assert.deepEqual(places, [5_000_000, 5_033_000, 5_073_000, 5_106_000, 5_107_000, 5_200_000, 5_240_000, 5_273_000]);
});

test('received pictures are timed by their packets, across a wrap', () => {
  const clock = new RtpClock();
  const times = [4294966396, 4294967196, 800].map((rtp) => Math.round(clock.time(rtp, 1)));
  assert.deepEqual(times, [0, 8889, 18889]);
  assert.equal(new RtpClock().time(undefined, 9), 9);
});
