/**
 * What draws: made when it is first needed, and anew where the browser has taken it away. Knows nothing of what it draws.
 *
 * @typedef {{readonly lost: boolean, close(): void}} Drawing
 */

import {now} from '../../workers/clock.js';

/** Whether graphics can be had is tried again after so many milliseconds. */
const RETRY_MS = 2000;

/** @template {Drawing} D */
export class Graphics {
  #make;
  /** @type {D | undefined} */
  #made;
  #retryAt = 0;

  /** @param {() => D} make raises Error where there are no graphics */
  constructor(make) {
    this.#make = make;
  }

  /** Undefined where there are none at present. */
  get() {
    if (this.#made && !this.#made.lost) return this.#made;
    if (now() < this.#retryAt) return undefined;
    this.#retryAt = now() + RETRY_MS;
    this.close();
    try {
      this.#made = this.#make();
    } catch {
      this.#made = undefined; // no WebGL2: the frames go on as they came
    }
    return this.#made;
  }

  close() {
    this.#made?.close();
    this.#made = undefined;
  }
}
