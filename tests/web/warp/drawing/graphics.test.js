/** The graphics context is created when needed, and recreated after a loss, at a limited rate. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Graphics} from '../../../../web/warp/drawing/graphics.js';

let moment = 0;
beforeEach(() => { moment = 10_000; mock.method(performance, 'now', () => moment); });
afterEach(() => mock.reset());

function begin() {
  const made = [];
  const graphics = new Graphics(() => {
    const one = {lost: false, closed: false, close() { this.closed = true; }};
    made.push(one);
    return one;
  });
  return {graphics, made};
}

test('it is made when it is first needed, and kept', () => {
  const {graphics, made} = begin();
  assert.equal(made.length, 0);
  assert.equal(graphics.get(), made[0]);
  assert.equal(graphics.get(), made[0]);
  assert.equal(made.length, 1);
});

test('one that is lost is replaced, at most every two seconds, and the former is closed', () => {
  const {graphics, made} = begin();
  graphics.get();
  made[0].lost = true;
  moment += 1999;
  assert.equal(graphics.get(), undefined);
  assert.equal(made[0].closed, false);
  moment += 1;
  assert.equal(graphics.get(), made[1]);
  assert.equal(made[0].closed, true);
});

test('where there are none it is tried again every two seconds', () => {
  let tries = 0;
  const graphics = new Graphics(() => { tries += 1; throw new Error('no WebGL2'); });
  for (let second = 0; second < 10; second += 1, moment += 1000) assert.equal(graphics.get(), undefined);
  assert.equal(tries, 5);
});

test('it is closed with its owner', () => {
  const {graphics, made} = begin();
  graphics.close();
  graphics.get();
  graphics.close();
  assert.deepEqual(made.map(({closed}) => closed), [true]);
});
