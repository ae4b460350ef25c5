/**
 * Warping in this browser, while that is wanted: whether it can, and what does it. Knows nothing of connections or of
 * the page.
 */

import {Local} from './local.js';

export class Here {
  #failed;
  /** What warps, if it is this browser. @type {Local | undefined} */
  local;

  /** @param {() => void} failed hears when it has come to an end by itself */
  constructor(failed) {
    this.#failed = failed;
  }

  /** Why this browser cannot: a code that words.js has a sentence for; empty if it can. */
  get obstacle() {
    return Local.obstacle;
  }

  /** Warps this camera's pictures from now on. */
  begin(/** @type {MediaStreamTrack} */ camera) {
    this.end();
    this.local = new Local(camera);
    this.local.addEventListener('failed', this.#failed);
  }

  /** Another camera from now on. */
  async follow(/** @type {MediaStreamTrack} */ camera) {
    await this.local?.replaceCamera(camera);
  }

  /** Warps no more. */
  end() {
    this.local?.stop();
    this.local = undefined;
  }
}
