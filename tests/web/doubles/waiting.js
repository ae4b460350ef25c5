/** Waiting without real time: for pending promises, and for mocked time. */

import {mock} from 'node:test';

/** Waits until all pending microtasks and immediates have run. */
export async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((soon) => setImmediate(soon));
}

/** Mocks the timers and performance.now(); call in beforeEach, with mock.reset() afterwards. */
export function holdTime() {
  const clock = {now: 1000};
  mock.timers.enable({apis: ['setTimeout', 'setInterval']});
  mock.method(performance, 'now', () => clock.now);
  return {
    /** Advances by this many milliseconds, in small steps, and runs what becomes due. */
    async pass(milliseconds) {
      await settled();
      for (let rest = milliseconds; rest > 0; rest -= 50) {
        const step = Math.min(50, rest);
        clock.now += step;
        mock.timers.tick(step);
        await settled();
      }
    },
  };
}
