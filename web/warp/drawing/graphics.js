/**
 * Holds the graphics context: created on first use, and again after the browser has lost it. Knows nothing of what is
 * drawn.
 *
 * @typedef {{readonly lost: boolean, close(): void}} Drawing
 */

import {now} from '../../workers/clock.js';

/** Creating a context is retried after this time, milliseconds. */
const RETRY_MS = 2000;

/** @template {Drawing} D */
export class Graphics {
  #make;
  /** @type {D | undefined} */
  #made;
  #retryAt = 0;

  /** @param {() => D} make raises Error if there are no graphics */
  constructor(make) {
    this.#make = make;
  }

  /** The context; undefined if there is none at present. */
  get() {
    if (this.#made && !this.#made.lost) return this.#made;
    if (now() < this.#retryAt) return undefined;
    this.#retryAt = now() + RETRY_MS;
    this.close();
    try {
      this.#made = this.#make();
    } catch {
      this.#made = undefined; // no WebGL2: frames pass unchanged
    }
    return this.#made;
  }

  close() {
    this.#made?.close();
    this.#made = undefined;
  }
}
