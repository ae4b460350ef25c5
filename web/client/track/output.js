/**
 * The track that stays the same while what feeds it changes: the camera's own pictures, or the corrected ones, from the
 * first to come until they fall silent. Two routes: switch-line.js with
 * switch-worker.js, or switch-canvas.js.
 */

import {SwitchCanvas} from './switch-canvas.js';
import {SwitchLine} from './switch-line.js';

/** @typedef {import('./switch-route.js').Report} Report */

/** @type {Report} */
const INITIAL = {showing: 'raw', count: 0, raw: 0, corrected: 0, dropped: 0, ended: false};

/** Fires `showing` when other pictures are shown than before, and `ended` when somebody has stopped the track. */
export class Output extends EventTarget {
  #route;
  #report = INITIAL;
  /** @type {MediaStreamTrack | undefined} */
  #followed;

  /** @type {'worker' | 'canvas'} */
  route;

  /** @param {MediaStreamTrack} camera @param {'worker' | 'canvas'} [route] this one, whatever the browser can */
  constructor(camera, route) {
    super();
    this.route = route ?? (SwitchLine.possible ? 'worker' : 'canvas');
    const parts = {report: this.#onReport.bind(this)};
    this.#route = this.route === 'worker' ? new SwitchLine(camera, parts) : new SwitchCanvas(camera, parts);
    this.track = this.#route.track;
  }

  /** @returns {import('./switch.js').Showing} */
  get showing() {
    return this.#report.showing;
  }

  /** How many corrected pictures have come. */
  get count() {
    return this.#report.count;
  }

  /** Frames that were shown, and not. */
  get frames() {
    const {raw, corrected, dropped} = this.#report;
    return {route: this.route, raw, corrected, dropped};
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    this.#route.replaceCamera(camera);
  }

  /** Corrected pictures come from this track, or from none. */
  follow(/** @type {MediaStreamTrack | undefined} */ corrected) {
    if (corrected === this.#followed) return;
    this.#followed = corrected;
    this.#route.follow(corrected);
  }

  stop() {
    this.#route.stop();
    this.track.stop();
  }

  #onReport(/** @type {Report} */ report) {
    const before = this.#report;
    this.#report = report;
    if (before.showing !== report.showing) this.dispatchEvent(new Event('showing'));
    if (report.ended && !before.ended) this.dispatchEvent(new Event('ended'));
  }
}
