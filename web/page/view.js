/**
 * Shows the camera's own video, and over it the corrected one. The original is always underneath, so hiding the
 * corrected video is enough to fall back, and the picture never goes black. Knows nothing of where the video comes
 * from.
 */

import {Heartbeat, TICK_MS} from '../client/connection/heartbeat.js';

/** Ticks without a new frame after which the corrected video counts as frozen. */
const FROZEN_TICKS = 4;

/** @typedef {'nothing' | 'original' | 'corrected'} Showing */

export class View {
  #stage;
  #original;
  #corrected;
  #heartbeat = new Heartbeat(FROZEN_TICKS, Infinity);
  #trusted = false;
  #held = false;
  #started = false;

  /**
   * @param {HTMLElement} stage
   * @param {HTMLVideoElement} original
   * @param {HTMLVideoElement} corrected
   */
  constructor(stage, original, corrected) {
    this.#stage = stage;
    this.#original = original;
    this.#corrected = corrected;
    original.addEventListener('resize', () => this.#updateRatio());
    original.addEventListener('loadedmetadata', () => this.#updateRatio());
    this.#watchFrames();
  }

  /** @returns {Showing} */
  get showing() {
    if (!this.#original.srcObject) return 'nothing';
    const fresh = this.#started && this.#heartbeat.health === 'steady';
    return fresh && this.#trusted && !this.#held ? 'corrected' : 'original';
  }

  /** Shows the camera's own video until the signal aborts. */
  showOriginal(/** @type {MediaStream} */ stream, /** @type {AbortSignal} */ signal) {
    this.#original.srcObject = stream;
    const timer = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      this.#original.srcObject = null;
      this.#clear();
    });
    this.#refresh();
  }

  /** Shows these tracks over the original as soon as there are frames. */
  showCorrected(/** @type {MediaStreamTrack[]} */ tracks) {
    const shown = /** @type {MediaStream | null} */ (this.#corrected.srcObject)?.getTracks() ?? [];
    if (shown.length === tracks.length && shown.every((track) => tracks.includes(track))) return;
    this.#corrected.srcObject = new MediaStream(tracks);
  }

  /** Sets whether the sender of the corrected video is known to be alive. */
  trust(/** @type {boolean} */ trusted) {
    this.#trusted = trusted;
    this.#refresh();
  }

  /** Shows the original while held. */
  hold(/** @type {boolean} */ held) {
    this.#held = held;
    this.#refresh();
  }

  /** Sets whether the returned audio is played. */
  listen(/** @type {boolean} */ audible) {
    this.#corrected.muted = !audible;
  }

  #clear() {
    this.#corrected.srcObject = null;
    this.#started = false;
    this.#refresh();
  }

  /** Registers every corrected frame that is shown. */
  #watchFrames() {
    this.#corrected.requestVideoFrameCallback(() => {
      this.#started = true;
      this.#heartbeat.beat();
      this.#watchFrames();
    });
  }

  #tick() {
    // A hidden page shows no frames, so their absence means nothing.
    if (!document.hidden) this.#heartbeat.tick();
    this.#refresh();
  }

  #refresh() {
    if (this.#stage.dataset.showing === this.showing) return;
    this.#stage.dataset.showing = this.showing;
    this.#stage.dispatchEvent(new Event('showing'));
  }

  #updateRatio() {
    const {videoWidth, videoHeight} = this.#original;
    if (videoWidth && videoHeight) this.#stage.style.setProperty('--ratio', String(videoWidth / videoHeight));
  }
}
