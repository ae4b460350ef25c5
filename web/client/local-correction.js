/**
 * Warping in this browser, while that is wanted: whether it can, and what does it. Knows nothing of connections or of
 * the page.
 */

import {Local} from '../warp/local.js';
import {RelayError, explainCode} from './connection/problem.js';

/** What warps may break down so often without ever having worked; then it will not. */
const MAX_FAILURES = 3;

export class LocalCorrection {
  #onFailure;
  #failures = 0;
  #enabled = false;
  /** What warps, if it is this browser. @type {Local | undefined} */
  local;

  /** @param {() => void} onFailure hears when it has come to an end by itself */
  constructor(onFailure) {
    this.#onFailure = onFailure;
  }

  /** Why this browser cannot: a code; empty if it can. */
  static get obstacle() {
    return Local.obstacle;
  }

  /** Warps this camera's pictures from now on, as far as it can. */
  start(/** @type {MediaStreamTrack} */ camera) {
    this.stop();
    this.#enabled = true;
    if (LocalCorrection.obstacle || this.#failures >= MAX_FAILURES) return;
    try {
      this.local = new Local(camera);
    } catch {
      return; // a browser that refuses workers in this way
    }
    this.local.addEventListener('failed', () => {
      this.#failures += 1;
      this.#onFailure();
    });
  }

  /** What warps; undefined where this browser is not to. Raises RelayError where it is, but cannot. */
  acquire() {
    if (!this.#enabled || this.local) return this.local;
    const code = LocalCorrection.obstacle || 'no_worker';
    throw new RelayError(code, explainCode(code), {lasting: true});
  }

  /** What it has done so far, if it is at work. */
  stats() {
    const stats = this.local?.stats();
    if (stats?.fps_out) this.#failures = 0;
    return stats;
  }

  /** Another attempt may be worth it. */
  resetFailures() {
    this.#failures = 0;
  }

  /** Another camera from now on. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    await this.local?.replaceCamera(camera);
  }

  /** Warps no more. */
  stop() {
    this.local?.stop();
    this.local = undefined;
    this.#enabled = false;
  }
}
