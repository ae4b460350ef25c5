/** Retry delays, adaptive timeouts and heartbeats. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {delayBefore, pause} from '../../../../web/client/connection/backoff.js';
import {AdaptiveTimeout} from '../../../../web/client/connection/patience.js';
import {Heartbeat} from '../../../../web/client/connection/heartbeat.js';

const NEVER = 2 ** 31 - 1;

test('the delay doubles up to a limit, and is spread', () => {
  for (const [attempt, middle] of [[0, 400], [1, 800], [2, 1600], [3, 3000], [4, 3000], [9, 3000], [5000, 3000]]) {
    const [least, most] = [0, 1].map((chance) => delayBefore(attempt, () => chance) / middle);
    assert.equal(delayBefore(attempt, () => 0.5), middle);
    assert.deepEqual([least.toFixed(6), most.toFixed(6)], ['0.800000', '1.200000']);
  }
});

test('a pause ends by itself, can be cut short and called off', async () => {
  const [wake, abort] = [new EventTarget(), new AbortController()];
  await pause(0, abort.signal, wake);
  const woken = pause(NEVER, abort.signal, wake);
  wake.dispatchEvent(new Event('wake'));
  await woken;
  const called = pause(NEVER, abort.signal, wake);
  abort.abort();
  await assert.rejects(called, {name: 'AbortError'});
  await assert.rejects(pause(0, abort.signal, wake), {name: 'AbortError'});
});

test('patience doubles, has an end, and is as usual again', () => {
  const timeout = new AdaptiveTimeout();
  const found = [];
  for (let times = 0; times < 5; times += 1) {
    found.push(timeout.of(3));
    timeout.grow();
  }
  timeout.reset();
  assert.deepEqual([found, timeout.of(3)], [[3, 6, 12, 24, 24], 3]);
});

test('a pulse counts ticks and recovers', () => {
  const pulse = new Heartbeat(2, 4);
  const found = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0].map((beats) => {
    if (beats) pulse.beat();
    return pulse.tick();
  });
  const [steady, quiet, lost] = ['steady', 'quiet', 'lost'];
  assert.deepEqual(found, [steady, steady, steady, quiet, steady, steady, quiet, quiet, lost, lost]);
});
