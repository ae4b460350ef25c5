/**
 * The live strip of the lines: asks the relay for its trace while somebody can see it, draws it, and says in words
 * how old the results are that frames are shown with. Knows nothing of how bars are drawn.
 */

import {Chart} from './chart.js';
import {Trace} from './trace.js';

/** The relay tells five times a second; the strip is this much behind, so that it moves evenly. */
const BEHIND_MS = 280;

/** Between two drawings: as often as the eye wants it; where nothing shall scroll, twice a second. */
const FRAME_MS = 36;
const CALM_MS = 500;

/** Between two sentences, so that a screen reader and a reader can follow. */
const SENTENCE_MS = 1000;

/** @typedef {{spans: () => import('./trace.js').Told}} Teller what has happened since it was last asked */

export class Strip {
  #box;
  #canvas;
  #words;
  #chart;
  #trace = new Trace();
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #onScreen = false;
  #asked = false;
  #pending = 0;
  #drawn = 0;
  #spoken = 0;
  /** @type {((message: object) => void) | undefined} */
  #say;
  /** What tells of the frames that are warped in this browser, if they are. @type {Teller | undefined} */
  #local;

  constructor(/** @type {HTMLElement} */ box) {
    this.#box = box;
    this.#canvas = /** @type {HTMLCanvasElement} */ (box.querySelector('canvas'));
    this.#words = /** @type {HTMLElement} */ (box.querySelector('#ages'));
    this.#chart = new Chart(this.#canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#chart.measure());
    new IntersectionObserver((entries) => this.#see(entries.at(-1)?.isIntersecting ?? false)).observe(this.#canvas);
    document.addEventListener('visibilitychange', () => this.#ask());
  }

  /** A relay is there that can be asked. @param {(message: object) => void} say @param {Teller} [local] */
  connect(say, local) {
    this.#say = say;
    this.#local = local;
    this.#asked = false;
    this.#ask();
  }

  /** The relay has gone. */
  disconnect() {
    this.#say = undefined;
    this.#asked = false;
    this.#trace.clear();
    this.#tell();
  }

  /** A message of the relay. @param {any} message */
  hear(message) {
    // An older relay does not know how to tell.
    if (message.type === 'error' && message.code === 'unknown_type') this.#box.hidden = true;
    if (message.type !== 'trace') return;
    if (this.#local) this.#trace.join(this.#local.spans(), this.#trace.hear({...message, shown: []}, performance.now()));
    else this.#trace.hear(message, performance.now());
  }

  get #wanted() {
    return this.#say !== undefined && this.#onScreen && !document.hidden;
  }

  #see(/** @type {boolean} */ onScreen) {
    this.#onScreen = onScreen;
    this.#ask();
  }

  /** Asks for what can be seen, and for nothing else. */
  #ask() {
    if (this.#asked !== this.#wanted) this.#say?.({type: 'trace', enabled: this.#wanted});
    this.#asked = this.#wanted;
    cancelAnimationFrame(this.#pending);
    this.#pending = requestAnimationFrame((now) => this.#step(now));
  }

  #step(/** @type {number} */ now) {
    if (now - this.#drawn >= (this.#calm.matches ? CALM_MS : FRAME_MS)) {
      this.#drawn = now;
      this.#chart.draw(this.#trace, performance.now() - BEHIND_MS);
      if (now - this.#spoken > SENTENCE_MS) this.#tell();
    }
    if (this.#wanted) this.#pending = requestAnimationFrame((next) => this.#step(next));
  }

  #tell() {
    this.#spoken = performance.now();
    const words = sentence(this.#trace.ages(this.#spoken));
    if (this.#words.textContent === words) return;
    this.#words.textContent = words;
    this.#canvas.setAttribute('aria-label', `The lines at work. ${words}`);
  }
}

/** How old what is shown is, in words. @param {import('./trace.js').Ages | null} ages */
export function sentence(ages) {
  if (!ages) return 'No frame is shown corrected.';
  return `Shown with landmarks ${count(ages.landmarks)} old, field ${count(ages.field)} old.`;
}

const count = (/** @type {number} */ frames) => frames === 1 ? '1 frame' : `${frames} frames`;
