/**
 * The live timeline of the pipeline: requests the relay's trace while it is visible, draws it, and shows in words how
 * old the results are that frames are shown with. Knows nothing of how bars are drawn.
 */

import {Chart} from './chart.js';
import {Trace} from './trace.js';

/** The relay sends its trace five times a second; drawing is delayed by this, so that it scrolls evenly. */
const DELAY_MS = 280;

/** Interval of drawing: for smooth scrolling; with reduced motion, twice a second. */
const FRAME_MS = 36;
const REDUCED_MOTION_MS = 500;

/** Interval between two texts, so that they can be read, also by a screen reader. */
const TEXT_MS = 1000;

/** @typedef {{spans: () => import('./trace.js').LocalTrace}} LocalSource spans: the trace since the last call */

export class Strip {
  #box;
  #canvas;
  #text;
  #chart;
  #trace = new Trace();
  #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  #onScreen = false;
  #requested = false;
  #pending = 0;
  #lastDrawn = 0;
  #textUpdated = 0;
  /** @type {((message: object) => void) | undefined} */
  #send;
  /** The trace of the frames that are warped in this browser, if they are. @type {LocalSource | undefined} */
  #local;

  constructor(/** @type {HTMLElement} */ box) {
    this.#box = box;
    this.#canvas = /** @type {HTMLCanvasElement} */ (box.querySelector('canvas'));
    this.#text = /** @type {HTMLElement} */ (box.querySelector('#ages'));
    this.#chart = new Chart(this.#canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#chart.measure());
    const observer = new IntersectionObserver((entries) => this.#setOnScreen(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(this.#canvas);
    document.addEventListener('visibilitychange', () => this.#updateRequest());
  }

  /** The relay is connected. @param {(message: object) => void} send @param {LocalSource} [local] */
  connect(send, local) {
    this.#send = send;
    this.#local = local;
    this.#requested = false;
    this.#updateRequest();
  }

  /** The relay is disconnected. */
  disconnect() {
    this.#send = undefined;
    this.#requested = false;
    this.#trace.clear();
    this.#showAges();
  }

  /** Handles a message of the relay. @param {any} message */
  handleMessage(message) {
    // An older relay sends no trace.
    if (message.type === 'error' && message.code === 'unknown_type') this.#box.hidden = true;
    if (message.type !== 'trace') return;
    if (this.#local) this.#trace.join(this.#local.spans(), this.#trace.add({...message, shown: []}, performance.now()));
    else this.#trace.add(message, performance.now());
  }

  get #wanted() {
    return this.#send !== undefined && this.#onScreen && !document.hidden;
  }

  #setOnScreen(/** @type {boolean} */ onScreen) {
    this.#onScreen = onScreen;
    this.#updateRequest();
  }

  /** Requests the trace while the canvas is visible, and only then. */
  #updateRequest() {
    if (this.#requested !== this.#wanted) this.#send?.({type: 'trace', enabled: this.#wanted});
    this.#requested = this.#wanted;
    cancelAnimationFrame(this.#pending);
    this.#pending = requestAnimationFrame((now) => this.#onFrame(now));
  }

  #onFrame(/** @type {number} */ now) {
    if (now - this.#lastDrawn >= (this.#reducedMotion.matches ? REDUCED_MOTION_MS : FRAME_MS)) {
      this.#lastDrawn = now;
      this.#chart.draw(this.#trace, performance.now() - DELAY_MS);
      if (now - this.#textUpdated > TEXT_MS) this.#showAges();
    }
    if (this.#wanted) this.#pending = requestAnimationFrame((next) => this.#onFrame(next));
  }

  #showAges() {
    this.#textUpdated = performance.now();
    const text = sentence(this.#trace.ages(this.#textUpdated));
    if (this.#text.textContent === text) return;
    this.#text.textContent = text;
    this.#canvas.setAttribute('aria-label', `Pipeline timeline. ${text}`);
  }
}

/** The ages of the results that are shown, in words. @param {import('./trace.js').Ages | null} ages */
export function sentence(ages) {
  if (!ages) return 'No frame is shown corrected.';
  return `Shown with landmarks ${count(ages.landmarks)} old, field ${count(ages.field)} old.`;
}

const count = (/** @type {number} */ frames) => frames === 1 ? '1 frame' : `${frames} frames`;
