/** What a track shows, and why. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {RelayError} from '../../../web/client/connection/problem.js';
import {Status} from '../../../web/client/status.js';

const BUSY = new RelayError('busy', 'the relay holds 8 sessions');

/** A status, and a function that changes the facts and returns the reports. */
function begin() {
  const facts = {showing: 'raw', ended: false};
  const reports = [];
  const status = new Status(() => facts, ({state, phase, code}) => reports.push([state, phase, code].join(' ')));
  const change = (changed, phase = status.phase, error = undefined) => {
    Object.assign(facts, changed);
    status.setPhase(phase, error);
    status.update();
    return reports.splice(0);
  };
  return {status, change};
}

test('it connects, is corrected, falls silent, and is corrected again', () => {
  const {change} = begin();
  assert.deepEqual(change({}), [], 'nothing is another thing than before');
  assert.deepEqual(change({}, 'live'), ['connecting live ']);
  assert.deepEqual(change({showing: 'corrected'}), ['corrected live ']);
  assert.deepEqual(change({}), []);
  assert.deepEqual(change({showing: 'raw'}), ['raw live silent']);
  assert.deepEqual(change({}), []);
  assert.deepEqual(change({showing: 'corrected'}), ['corrected live ']);
});

test('a quiet relay shows the camera’s own picture at once', () => {
  const {change} = begin();
  change({showing: 'corrected'}, 'live');
  assert.deepEqual(change({}, 'quiet'), ['raw quiet quiet']);
});

test('why there is no relay is told until there is one', () => {
  const {status, change} = begin();
  assert.deepEqual(change({}, 'waiting', BUSY), ['raw waiting busy']);
  assert.equal(status.status.message, 'the relay holds 8 sessions');
  assert.deepEqual(change({}, 'connecting', BUSY), ['raw connecting busy']);
  assert.deepEqual(change({}, 'live'), ['connecting live ']);
});

test('a camera that has ended says so whatever the relay does, but after the end', () => {
  const {change} = begin();
  assert.deepEqual(change({ended: true, showing: 'corrected'}, 'live'), ['corrected live camera_gone']);
  assert.deepEqual(change({showing: 'raw'}, 'waiting', BUSY), ['raw waiting camera_gone']);
  assert.deepEqual(change({}, 'stopped'), ['stopped stopped ']);
});
