/** The timer that is not throttled in a hidden page. */

import assert from 'node:assert/strict';
import {mock, test} from 'node:test';

test('it beats as often as it was last asked to, or not at all', async () => {
  mock.timers.enable({apis: ['setInterval']});
  let beats = 0;
  globalThis.self = {postMessage: () => { beats += 1; }};
  await import('../../../web/workers/metronome-worker.js');
  const heard = (interval, time) => {
    self.onmessage({data: interval});
    beats = 0;
    mock.timers.tick(time);
    return beats;
  };
  assert.deepEqual([heard(100, 1000), heard(50, 1000), heard(0, 1000)], [10, 20, 0]);
  mock.timers.reset();
});
