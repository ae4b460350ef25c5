/**
 * Warping in this browser while it is enabled: whether it is possible, and its current instance. Knows nothing of
 * connections or of the page.
 */

import {Local} from '../warp/local.js';
import {RelayError, explainCode} from './connection/problem.js';

/** Local warping is given up after this many failures without a frame in between. */
const MAX_FAILURES = 3;

export class LocalCorrection {
  #onFailure;
  #failures = 0;
  #enabled = false;
  /** The current instance. @type {Local | undefined} */
  local;

  /** @param {() => void} onFailure called when local warping has failed */
  constructor(onFailure) {
    this.#onFailure = onFailure;
  }

  /** Code of the reason why this browser cannot warp; empty if it can. */
  static get obstacle() {
    return Local.obstacle;
  }

  /** Starts warping this camera's frames, if possible. */
  start(/** @type {MediaStreamTrack} */ camera) {
    this.stop();
    this.#enabled = true;
    if (LocalCorrection.obstacle || this.#failures >= MAX_FAILURES) return;
    try {
      this.local = new Local(camera);
    } catch {
      return; // the browser refuses workers by an exception
    }
    this.local.addEventListener('failed', () => {
      this.#failures += 1;
      this.#onFailure();
    });
  }

  /** The instance; undefined if not enabled. Raises RelayError if enabled but not possible. */
  acquire() {
    if (!this.#enabled || this.local) return this.local;
    const code = LocalCorrection.obstacle || 'no_worker';
    throw new RelayError(code, explainCode(code), {lasting: true});
  }

  /** Its statistics, if it is running. */
  stats() {
    const stats = this.local?.stats();
    if (stats?.fps_out) this.#failures = 0;
    return stats;
  }

  /** Allows new attempts. */
  resetFailures() {
    this.#failures = 0;
  }

  /** Switches to another camera. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    await this.local?.replaceCamera(camera);
  }

  /** Stops warping. */
  stop() {
    this.local?.stop();
    this.local = undefined;
    this.#enabled = false;
  }
}
