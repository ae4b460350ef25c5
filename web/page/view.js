/**
 * The sink: the camera's own picture, and over it the corrected one. The original lies underneath at all times, so
 * hiding the corrected picture is all it takes to fall back, and the picture never goes black. Knows nothing of
 * where the pictures come from.
 */

import {Heartbeat, TICK_MS} from '../client/connection/heartbeat.js';

/** Ticks without a new picture after which the corrected one counts as frozen. */
const FROZEN_TICKS = 4;

/** @typedef {'nothing' | 'original' | 'corrected'} Showing */

export class View {
  #stage;
  #original;
  #corrected;
  #pulse = new Heartbeat(FROZEN_TICKS, Infinity);
  #trusted = false;
  #held = false;
  #begun = false;

  /**
   * @param {HTMLElement} stage
   * @param {HTMLVideoElement} original
   * @param {HTMLVideoElement} corrected
   */
  constructor(stage, original, corrected) {
    this.#stage = stage;
    this.#original = original;
    this.#corrected = corrected;
    original.addEventListener('resize', () => this.#measure());
    original.addEventListener('loadedmetadata', () => this.#measure());
    this.#count();
  }

  /** @returns {Showing} */
  get showing() {
    if (!this.#original.srcObject) return 'nothing';
    const fresh = this.#begun && this.#pulse.health === 'steady';
    return fresh && this.#trusted && !this.#held ? 'corrected' : 'original';
  }

  /** Shows the camera's own picture until the signal aborts. */
  showOriginal(/** @type {MediaStream} */ stream, /** @type {AbortSignal} */ signal) {
    this.#original.srcObject = stream;
    const timer = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      this.#original.srcObject = null;
      this.#forget();
    });
    this.#refresh();
  }

  /** Lays this picture over the original as soon as it moves. */
  showCorrected(/** @type {MediaStreamTrack[]} */ tracks) {
    const shown = /** @type {MediaStream | null} */ (this.#corrected.srcObject)?.getTracks() ?? [];
    if (shown.length === tracks.length && shown.every((track) => tracks.includes(track))) return;
    this.#corrected.srcObject = new MediaStream(tracks);
  }

  /** Whether whoever sends the corrected picture is known to be alive. */
  trust(/** @type {boolean} */ trusted) {
    this.#trusted = trusted;
    this.#refresh();
  }

  /** Shows the original for as long as it is held. */
  hold(/** @type {boolean} */ held) {
    this.#held = held;
    this.#refresh();
  }

  /** Whether the sound that comes back is played. */
  listen(/** @type {boolean} */ audible) {
    this.#corrected.muted = !audible;
  }

  #forget() {
    this.#corrected.srcObject = null;
    this.#begun = false;
    this.#refresh();
  }

  /** Every corrected picture that reaches the screen, for ever. */
  #count() {
    this.#corrected.requestVideoFrameCallback(() => {
      this.#begun = true;
      this.#pulse.beat();
      this.#count();
    });
  }

  #tick() {
    // A hidden page is shown no pictures, so their absence says nothing.
    if (!document.hidden) this.#pulse.tick();
    this.#refresh();
  }

  #refresh() {
    if (this.#stage.dataset.showing === this.showing) return;
    this.#stage.dataset.showing = this.showing;
    this.#stage.dispatchEvent(new Event('showing'));
  }

  #measure() {
    const {videoWidth, videoHeight} = this.#original;
    if (videoWidth && videoHeight) this.#stage.style.setProperty('--ratio', String(videoWidth / videoHeight));
  }
}
