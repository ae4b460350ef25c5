/** Which way a participant's video is published, over time. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Way} from '../../../web/room/way.js';
import {holdTime} from '../doubles/waiting.js';

const GOOD = {state: 'corrected', code: ''};
const QUIET = {state: 'raw', code: 'quiet'};
const LOST = {state: 'raw', code: 'lost'};
let time;

beforeEach(() => { time = holdTime(); });
afterEach(() => mock.reset());

/** A relay that is in the room and corrects. */
function viaRelay() {
  const way = new Way(true, true);
  way.enter();
  way.setStatus(GOOD);
  way.setPresent(true);
  return way;
}

test('where the page publishes, the others see turned eyes as soon as it has them', () => {
  const way = new Way(false, true);
  assert.equal(way.corrected, false);
  way.setStatus(GOOD);
  assert.equal(way.corrected, true);
  assert.equal(way.reliesOnRelay, false);
  way.wanted = false;
  assert.equal(way.corrected, false);
});

test('it is settled after a while, which begins anew with each interruption, and that is announced', async () => {
  const way = new Way(false, true);
  const events = [];
  way.addEventListener('change', () => events.push(way.settled));
  way.setStatus(GOOD);
  await time.pass(1000);
  way.setStatus(LOST);
  way.setStatus(GOOD);
  await time.pass(1000);
  assert.equal(way.settled, false);
  assert.ok(!events.includes(true));
  await time.pass(600);
  assert.equal(events.at(-1), true);
});

test('the relay counts only with its picture in the room', async () => {
  const way = viaRelay();
  way.setPresent(false);
  assert.equal(way.corrected, false);
  way.setPresent(true);
  assert.equal(way.corrected, true);
  way.setStatus(LOST);
  assert.equal(way.corrected, false);
});

test('a relay in the room that gives the page no picture is in doubt for a while, then gone', async () => {
  const way = viaRelay();
  await time.pass(2000);
  way.setStatus(QUIET);
  await time.pass(2900);
  assert.deepEqual([way.corrected, way.settled], [true, true]);
  await time.pass(200);
  assert.equal(way.corrected, false);
});

test('each doubt has its full time', async () => {
  const way = viaRelay();
  way.setStatus(QUIET);
  await time.pass(2000);
  way.setStatus(GOOD);
  way.setStatus(QUIET);
  await time.pass(2000);
  assert.equal(way.corrected, true);
  way.setStatus(LOST);
  assert.equal(way.corrected, false);
});

test('who comes in again waits for the relay as long as the first time', async () => {
  const way = new Way(true, true);
  way.enter();
  await time.pass(2000);
  way.leave();
  way.enter();
  await time.pass(2000);
  assert.equal(way.reliesOnRelay, true);
  await time.pass(1100);
  assert.equal(way.reliesOnRelay, false);
});

test('a doubt does not outlive the correction', () => {
  const way = viaRelay();
  way.setStatus(QUIET);
  way.clearStatus();
  assert.equal(way.corrected, false);
});
