/** How one's picture gets into the room, step by step in time. */

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
function there() {
  const way = new Way(true, true);
  way.enter();
  way.judge(GOOD);
  way.see(true);
  return way;
}

test('where the page publishes, the others see turned eyes as soon as it has them', () => {
  const way = new Way(false, true);
  assert.equal(way.corrected, false);
  way.judge(GOOD);
  assert.equal(way.corrected, true);
  assert.equal(way.reliesOnRelay, false);
  way.wanted = false;
  assert.equal(way.corrected, false);
});

test('it is settled after a while, which begins anew with each interruption, and that is announced', async () => {
  const way = new Way(false, true);
  const told = [];
  way.addEventListener('change', () => told.push(way.settled));
  way.judge(GOOD);
  await time.pass(1000);
  way.judge(LOST);
  way.judge(GOOD);
  await time.pass(1000);
  assert.equal(way.settled, false);
  assert.ok(!told.includes(true));
  await time.pass(600);
  assert.equal(told.at(-1), true);
});

test('the relay counts only with its picture in the room', async () => {
  const way = there();
  way.see(false);
  assert.equal(way.corrected, false);
  way.see(true);
  assert.equal(way.corrected, true);
  way.judge(LOST);
  assert.equal(way.corrected, false);
});

test('a relay in the room that gives the page no picture is in doubt for a while, then gone', async () => {
  const way = there();
  await time.pass(2000);
  way.judge(QUIET);
  await time.pass(2900);
  assert.deepEqual([way.corrected, way.settled], [true, true]);
  await time.pass(200);
  assert.equal(way.corrected, false);
});

test('each doubt has its full time', async () => {
  const way = there();
  way.judge(QUIET);
  await time.pass(2000);
  way.judge(GOOD);
  way.judge(QUIET);
  await time.pass(2000);
  assert.equal(way.corrected, true);
  way.judge(LOST);
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
  const way = there();
  way.judge(QUIET);
  way.forget();
  assert.equal(way.corrected, false);
});
