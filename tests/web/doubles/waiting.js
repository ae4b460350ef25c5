/** Waiting in a test without a clock: for what promises still have to do, and for a mocked time to pass. */

import {mock} from 'node:test';

/** Lets all happen that waits for nothing but its turn. */
export async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((soon) => setImmediate(soon));
}

/** Takes the place of the timers, and of performance.now(); call in beforeEach, with mock.reset() afterwards. */
export function holdTime() {
  const clock = {now: 1000};
  mock.timers.enable({apis: ['setTimeout', 'setInterval']});
  mock.method(performance, 'now', () => clock.now);
  return {
    /** So many milliseconds go by, in small steps, with all that follows from them. */
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
