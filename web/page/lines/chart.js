/**
 * Draws the timeline of the pipeline: a row for each line (stage), the newest time at the right, a bar for each span of
 * work, and from each shown frame two curves to the work whose results it used. Knows nothing of where the trace comes
 * from.
 */

/** @typedef {import('./trace.js').Line} Line @typedef {import('./trace.js').Span} Span */
/** @typedef {import('./trace.js').Shown} Shown @typedef {import('./trace.js').Trace} Trace */

/** @type {Line[]} */
const ROWS = ['landmarks', 'field', 'warp'];

/** Visible time, milliseconds; less if the canvas is narrower than MS_PER_PIXEL requires. */
const VISIBLE_MS = 600;
const MS_PER_PIXEL = 1;
const GRID_MS = 100;

/** CSS pixels: height of a bar, its least width, padding of a number. */
const BAR_HEIGHT = 14;
const MIN_WIDTH = 3;
const PADDING = 4;
const FONT = '500 10px ui-sans-serif, system-ui, "Liberation Sans", sans-serif';

/** One shown frame in each interval of this length has its curves highlighted, so that a viewer can follow it. */
const HIGHLIGHT_MS = 330;

/** @type {Set<number>} */
const NO_FRAMES = new Set();

/** @typedef {{grid: string, track: string, on: string} & Record<Line, string>} Palette */

export class Chart {
  #canvas;
  #context;
  /** @type {Palette | undefined} */
  #palette;
  #width = 0;
  #height = 0;
  #scale = 1;
  #digits = 0;

  constructor(/** @type {HTMLCanvasElement} */ canvas) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    new ResizeObserver(() => this.measure()).observe(canvas);
  }

  /** Called when size, pixel ratio or colours may have changed. */
  measure() {
    const {clientWidth, clientHeight} = this.#canvas;
    const scale = window.devicePixelRatio;
    [this.#width, this.#height, this.#scale] = [clientWidth, clientHeight, scale];
    [this.#canvas.width, this.#canvas.height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    this.#palette = undefined;
  }

  /**
   * Draws the work done until `now`, which is at the right edge.
   * @param {Trace} trace @param {number} now milliseconds
   */
  draw(trace, now) {
    if (this.#scale !== window.devicePixelRatio) this.measure(); // moved to another screen
    this.#palette ??= readPalette(this.#canvas);
    this.#context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    this.#context.clearRect(0, 0, this.#width, this.#height);
    this.#context.font = FONT;
    this.#context.textBaseline = 'middle';
    this.#digits = this.#context.measureText('00').width;
    this.#drawBackground();
    const x = this.#timeScale(now);
    this.#drawCurves(trace, x);
    const passed = trace.shown.filter(({verdict}) => verdict !== 'corrected');
    const frames = new Set(passed.map(({frame}) => frame));
    for (const {frame, verdict} of trace.shown) if (verdict === 'corrected') frames.delete(frame);
    for (const line of ROWS) {
      const spans = trace.spans.filter((span) => span.line === line);
      this.#drawRow(line, spans, x, line === 'warp' ? frames : NO_FRAMES);
    }
    for (const {at, frame} of passed) if (!trace.find('warp', frame)) this.#drawDot(x(at));
  }

  /** The visible time, milliseconds. */
  get #visible() {
    return Math.min(VISIBLE_MS, MS_PER_PIXEL * this.#width);
  }

  /** The x coordinate of a time. @returns {(time: number) => number} */
  #timeScale(/** @type {number} */ now) {
    const pixels = this.#width / this.#visible;
    return (time) => this.#width + (time - now) * pixels;
  }

  /** The y coordinate of the middle of a row. */
  #middle(/** @type {Line} */ line) {
    return this.#height * (ROWS.indexOf(line) + 0.5) / ROWS.length;
  }

  #drawBackground() {
    const {grid, track} = this.#colours;
    this.#context.fillStyle = track;
    for (const line of ROWS) this.#fill(0, this.#middle(line), this.#width, BAR_HEIGHT);
    this.#context.fillStyle = grid;
    for (let at = GRID_MS; at < this.#visible; at += GRID_MS) {
      this.#context.fillRect(Math.round(this.#width * (1 - at / this.#visible)), 0, 1, this.#height);
    }
  }

  /** Draws a curve from each shown frame to the results that it used. @param {(time: number) => number} x */
  #drawCurves(/** @type {Trace} */ trace, x) {
    const highlighted = pickHighlighted(trace.shown);
    for (const shown of trace.shown) {
      if (x(shown.at) < -this.#width) continue;
      for (const line of /** @type {const} */ (['landmarks', 'field'])) {
        const work = trace.find(line, shown[line]);
        if (work) this.#drawCurve(line, x(shown.at), x(work.end), highlighted.has(shown));
      }
    }
    this.#context.globalAlpha = 1;
  }

  /** @param {Line} line @param {number} from @param {number} to @param {boolean} strong */
  #drawCurve(line, from, to, strong) {
    const [top, bottom] = [this.#middle(line) + BAR_HEIGHT / 2, this.#middle('warp') - BAR_HEIGHT / 2];
    const bend = (bottom - top) * 0.55;
    this.#context.globalAlpha = strong ? 1 : 0.28;
    this.#context.lineWidth = strong ? 1.6 : 1;
    this.#context.strokeStyle = this.#colours[line];
    this.#context.beginPath();
    this.#context.moveTo(from, bottom);
    this.#context.bezierCurveTo(from, bottom - bend, to - 1, top + bend, to - 1, top);
    this.#context.stroke();
  }

  /** @param {Line} line @param {Span[]} spans @param {(time: number) => number} x @param {Set<number>} faint frames */
  #drawRow(line, spans, x, faint) {
    const middle = this.#middle(line);
    spans.forEach(({frame, begin, end}, index) => {
      const [left, right] = [x(begin), x(end)];
      const next = spans[index + 1];
      if (right < -20 || left > this.#width) return;
      this.#context.fillStyle = this.#colours[line];
      this.#context.globalAlpha = faint.has(frame) ? 0.3 : 1;
      const width = Math.max(MIN_WIDTH, right - left - 1); // a gap between adjacent bars
      this.#fill(left, middle, width, BAR_HEIGHT);
      this.#drawNumber(frame, left, width, next ? x(next.begin) : Infinity, middle);
    });
    this.#context.globalAlpha = 1;
  }

  /**
   * Writes the frame number inside the bar, else beside it if there is room.
   * @param {number} frame @param {number} left @param {number} width @param {number} end @param {number} middle
   */
  #drawNumber(frame, left, width, end, middle) {
    const inside = width >= this.#digits + PADDING;
    if (!inside && left + width + this.#digits + 2 * PADDING > end) return;
    const text = String(frame % 100).padStart(2, '0');
    if (inside) this.#context.fillStyle = this.#colours.on;
    const at = inside ? left + (width - this.#digits) / 2 : left + width + PADDING - 1;
    this.#context.fillText(text, at, middle + 0.5);
  }

  /** Marks a frame that was passed through without any work. */
  #drawDot(/** @type {number} */ at) {
    this.#context.strokeStyle = this.#colours.warp;
    this.#context.lineWidth = 1.4;
    this.#context.beginPath();
    this.#context.arc(at, this.#middle('warp'), 3, 0, 2 * Math.PI);
    this.#context.stroke();
  }

  /** @param {number} left @param {number} middle @param {number} width @param {number} height */
  #fill(left, middle, width, height) {
    this.#context.beginPath();
    this.#context.roundRect(left, middle - height / 2, width, height, Math.min(4, width / 2));
    this.#context.fill();
  }

  get #colours() {
    return /** @type {Palette} */ (this.#palette);
  }
}

/** The first shown frame of each interval. @returns {Set<Shown>} */
function pickHighlighted(/** @type {Shown[]} */ shown) {
  const slot = (/** @type {Shown | undefined} */ one) => one && Math.floor(one.at / HIGHLIGHT_MS);
  return new Set(shown.filter((one, index) => index > 0 && slot(one) !== slot(shown[index - 1])));
}

/** @returns {Palette} */
function readPalette(/** @type {Element} */ element) {
  const style = getComputedStyle(element);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    grid: read('line'), track: read('row'), on: read('on-bar'),
    landmarks: read('landmarks'), field: read('field'), warp: read('warp'),
  };
}
