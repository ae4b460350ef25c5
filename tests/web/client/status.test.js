/** What a track shows, and why. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {RelayError} from '../../../web/client/connection/problem.js';
import {Standing} from '../../../web/client/status.js';

const BUSY = new RelayError('busy', 'the relay holds 8 sessions');

/** A standing, what it has told, and a way to change the facts. */
function follow() {
  const facts = {showing: 'raw', ended: false};
  const told = [];
  const standing = new Standing(() => facts, ({state, phase, code}) => told.push([state, phase, code].join(' ')));
  const be = (change, phase = standing.phase, error = undefined) => {
    Object.assign(facts, change);
    standing.enter(phase, error);
    standing.judge();
    return told.splice(0);
  };
  return {standing, be};
}

test('it connects, is corrected, falls silent, and is corrected again', () => {
  const {be} = follow();
  assert.deepEqual(be({}), [], 'nothing is another thing than before');
  assert.deepEqual(be({}, 'live'), ['connecting live ']);
  assert.deepEqual(be({showing: 'corrected'}), ['corrected live ']);
  assert.deepEqual(be({}), []);
  assert.deepEqual(be({showing: 'raw'}), ['raw live silent']);
  assert.deepEqual(be({}), []);
  assert.deepEqual(be({showing: 'corrected'}), ['corrected live ']);
});

test('a quiet relay shows the camera’s own picture at once', () => {
  const {be} = follow();
  be({showing: 'corrected'}, 'live');
  assert.deepEqual(be({}, 'quiet'), ['raw quiet quiet']);
});

test('why there is no relay is told until there is one', () => {
  const {standing, be} = follow();
  assert.deepEqual(be({}, 'waiting', BUSY), ['raw waiting busy']);
  assert.equal(standing.status.message, 'the relay holds 8 sessions');
  assert.deepEqual(be({}, 'connecting', BUSY), ['raw connecting busy']);
  assert.deepEqual(be({}, 'live'), ['connecting live ']);
});

test('a camera that has ended says so whatever the relay does, but after the end', () => {
  const {be} = follow();
  assert.deepEqual(be({ended: true, showing: 'corrected'}, 'live'), ['corrected live camera_gone']);
  assert.deepEqual(be({showing: 'raw'}, 'waiting', BUSY), ['raw waiting camera_gone']);
  assert.deepEqual(be({}, 'stopped'), ['stopped stopped ']);
});
