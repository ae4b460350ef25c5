/** A screen whose time is controlled by a test, and a canvas that records what was drawn since it was cleared. */

import {mock} from 'node:test';
import {Element} from './element.js';

const REFRESH_MS = 1000 / 60;
const COLOURS = {row: 'row', line: 'grid', landmarks: 'red', field: 'green', warp: 'blue', 'on-bar': 'white'};

/** Installs itself as the browser's globals. */
export class Screen {
  #frames = new Map();
  #count = 0;
  now = 0;
  document = Object.assign(new EventTarget(), {hidden: false});
  calm = false;
  /** Reports whether the observed element is visible. @type {(visible: boolean) => void} */
  show = () => {};

  constructor(density = 1) {
    const matches = (query) => query.includes('motion') && this.calm;
    const media = (query) => Object.defineProperty(new EventTarget(), 'matches', {get: () => matches(query)});
    const observed = (act) => { this.show = (isIntersecting) => act([{isIntersecting}]); };
    mock.method(performance, 'now', () => this.now);
    Object.assign(globalThis, {
      window: globalThis,
      document: this.document,
      devicePixelRatio: density,
      matchMedia: media,
      ResizeObserver: class { observe() {} },
      IntersectionObserver: class {
        constructor(act) { observed(act); }
        observe() {}
      },
      getComputedStyle: () => ({getPropertyValue: (name) => COLOURS[name.slice(2)]}),
      requestAnimationFrame: (act) => { this.#frames.set(this.#count += 1, act); return this.#count; },
      cancelAnimationFrame: (id) => this.#frames.delete(id),
    });
  }

  /** Advances time, refresh by refresh. */
  pass(milliseconds) {
    for (const end = this.now + milliseconds; this.now < end;) {
      this.now += REFRESH_MS;
      const frames = [...this.#frames.values()];
      this.#frames.clear();
      for (const act of frames) act(this.now);
    }
  }

  /** Hides the page, or shows it again. */
  hide(hidden) {
    this.document.hidden = hidden;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

/** 600 pixels wide, so that a pixel is a millisecond, and three rows of 27 high. */
export class Canvas extends Element {
  clientWidth = 600;
  clientHeight = 81;
  context = new Context();

  getContext() { return this.context; }
}

class Context {
  #path = [];
  drawings = 0;
  scale = 1;
  /** @type {{colour: string, alpha: number, left: number, right: number, middle: number}[]} */
  bars = [];
  /** Curves, with both their ends. @type {{colour: string, from: [number, number], to: [number, number]}[]} */
  threads = [];
  /** @type {{colour: string, x: number}[]} */
  dots = [];
  globalAlpha = 1;

  clearRect() {
    this.drawings += 1;
    [this.bars, this.threads, this.dots] = [[], [], []];
  }

  setTransform(scale) { this.scale = scale; }
  measureText() { return {width: 12}; }
  fillText() {}
  fillRect() {}
  beginPath() { this.#path = []; }
  moveTo(...point) { this.#path.push(point); }
  bezierCurveTo(...points) { this.#path.push(points.slice(-2)); }
  roundRect(left, top, width, height) { this.#path = {left, right: left + width, middle: top + height / 2}; }
  arc(x) { this.#path = {x}; }

  fill() {
    if (this.fillStyle !== COLOURS.row) this.bars.push({colour: this.fillStyle, alpha: this.globalAlpha, ...this.#path});
  }

  stroke() {
    const [from, to] = Array.isArray(this.#path) ? this.#path : [];
    if (from) this.threads.push({colour: this.strokeStyle, from, to});
    else this.dots.push({colour: this.strokeStyle, x: this.#path.x});
  }
}
