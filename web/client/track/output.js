/**
 * A video track that stays the same while its source changes: corrected frames while they arrive, else the camera's
 * own. Two routes: switch-line.js with switch-worker.js, or switch-canvas.js.
 */

import {SwitchCanvas} from './switch-canvas.js';
import {SwitchLine} from './switch-line.js';

/** @typedef {import('./switch-route.js').Report} Report */

/** @type {Report} */
const INITIAL = {showing: 'raw', count: 0, raw: 0, corrected: 0, dropped: 0, ended: false};

/** Fires `showing` when the source changes, and `ended` when the track was stopped from outside. */
export class Output extends EventTarget {
  #route;
  #report = INITIAL;
  /** @type {MediaStreamTrack | undefined} */
  #followed;

  /** @type {'worker' | 'canvas'} */
  route;

  /** @param {MediaStreamTrack} camera @param {'worker' | 'canvas'} [route] forces this route */
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

  /** Number of corrected frames received. */
  get count() {
    return this.#report.count;
  }

  /** Counts of shown and dropped frames. */
  get frames() {
    const {raw, corrected, dropped} = this.#report;
    return {route: this.route, raw, corrected, dropped};
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    this.#route.replaceCamera(camera);
  }

  /** Sets the track with corrected frames, or none. */
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
