/**
 * A clock controlled by a test: timers, performance.now(), and a constant Math.random(). (An interval of node's own
 * mock timers continues when it is cleared in its callback.)
 */

import {mock} from 'node:test';

const STEP_MS = 50;

/** Waits until all pending microtasks and immediates have run. */
export async function waitIdle() {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((soon) => setImmediate(soon));
}

export class Clock {
  #timers = new Map();
  #count = 0;
  /** Milliseconds. */
  now = 0;

  constructor() {
    mock.method(performance, 'now', () => this.now);
    mock.method(Math, 'random', () => 0.5);
    mock.method(globalThis, 'setTimeout', (act, delay = 0) => this.#add(act, delay));
    mock.method(globalThis, 'setInterval', (act, delay = 0) => this.#add(act, delay, delay));
    mock.method(globalThis, 'clearTimeout', (id) => this.#timers.delete(id));
    mock.method(globalThis, 'clearInterval', (id) => this.#timers.delete(id));
  }

  /** Number of pending timers. */
  get waiting() {
    return this.#timers.size;
  }

  /** Advances by this many seconds. */
  async pass(seconds) {
    for (const end = this.now + 1000 * seconds - STEP_MS / 2; this.now < end;) {
      this.now += STEP_MS;
      this.#fire();
      await waitIdle();
    }
  }

  /** Advances until the condition holds; raises Error after `most` seconds. Returns the seconds it took. */
  async until(condition, most = 60) {
    const begun = this.now;
    await waitIdle();
    while (!condition()) {
      if (this.now - begun > 1000 * most) throw new Error(`not within ${most} s: ${condition}`);
      await this.pass(STEP_MS / 1000);
    }
    return (this.now - begun) / 1000;
  }

  stop() {
    mock.restoreAll();
  }

  #add(act, delay, interval) {
    this.#timers.set(this.#count += 1, {act, at: this.now + delay, interval});
    return this.#count;
  }

  #fire() {
    for (const [id, timer] of [...this.#timers]) {
      if (timer.at > this.now || !this.#timers.has(id)) continue;
      if (timer.interval) timer.at += timer.interval;
      else this.#timers.delete(id);
      timer.act();
    }
  }
}
