/**
 * Draws the lines: a row for each, time running leftwards, a bar for each piece of work, and from each shown frame
 * two threads to the work whose results it used. Knows nothing of where the trace comes from.
 */

/** @typedef {import('./trace.js').Line} Line @typedef {import('./trace.js').Span} Span */
/** @typedef {import('./trace.js').Shown} Shown @typedef {import('./trace.js').Trace} Trace */

/** @type {Line[]} */
const ROWS = ['landmarks', 'field', 'warp'];

/** What is seen, milliseconds; less where there is less room than MS_PER_PIXEL asks for. */
const SEEN_MS = 600;
const MS_PER_PIXEL = 1;
const GRID_MS = 100;

/** Pixels of the page. */
const BAR = 14;
const LEAST = 3;
const PAD = 4;
const FONT = '500 10px ui-sans-serif, system-ui, "Liberation Sans", sans-serif';

/** One shown frame in each of these times has its threads drawn strongly; the eye can follow it leftwards. */
const FOLLOWED_MS = 330;

/** @type {Set<number>} */
const NOBODY = new Set();

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

  /** Size, sharpness or colours may have changed. */
  measure() {
    const {clientWidth, clientHeight} = this.#canvas;
    const scale = window.devicePixelRatio;
    [this.#width, this.#height, this.#scale] = [clientWidth, clientHeight, scale];
    [this.#canvas.width, this.#canvas.height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    this.#palette = undefined;
  }

  /**
   * Draws what was done until `now`, which comes to lie at the right edge.
   * @param {Trace} trace @param {number} now milliseconds
   */
  draw(trace, now) {
    if (this.#scale !== window.devicePixelRatio) this.measure(); // on another screen now
    this.#palette ??= readPalette(this.#canvas);
    this.#context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    this.#context.clearRect(0, 0, this.#width, this.#height);
    this.#context.font = FONT;
    this.#context.textBaseline = 'middle';
    this.#digits = this.#context.measureText('00').width;
    this.#drawGround();
    const x = this.#ruler(now);
    this.#drawThreads(trace, x);
    const passed = trace.shown.filter(({verdict}) => verdict !== 'corrected');
    const frames = new Set(passed.map(({frame}) => frame));
    for (const {frame, verdict} of trace.shown) if (verdict === 'corrected') frames.delete(frame);
    for (const line of ROWS) {
      const spans = trace.spans.filter((span) => span.line === line);
      this.#drawRow(line, spans, x, line === 'warp' ? frames : NOBODY);
    }
    for (const {at, frame} of passed) if (!trace.find('warp', frame)) this.#drawDot(x(at));
  }

  /** How much time is seen, milliseconds. */
  get seen() {
    return Math.min(SEEN_MS, MS_PER_PIXEL * this.#width);
  }

  /** Turns a time into a place. @returns {(time: number) => number} */
  #ruler(/** @type {number} */ now) {
    const pixels = this.#width / this.seen;
    return (time) => this.#width + (time - now) * pixels;
  }

  /** The middle of a row. */
  #middle(/** @type {Line} */ line) {
    return this.#height * (ROWS.indexOf(line) + 0.5) / ROWS.length;
  }

  #drawGround() {
    const {grid, track} = this.#colours;
    this.#context.fillStyle = track;
    for (const line of ROWS) this.#fill(0, this.#middle(line), this.#width, BAR);
    this.#context.fillStyle = grid;
    for (let at = GRID_MS; at < this.seen; at += GRID_MS) {
      this.#context.fillRect(Math.round(this.#width * (1 - at / this.seen)), 0, 1, this.#height);
    }
  }

  /** From where a frame was shown to where each result that it used was ready. @param {(time: number) => number} x */
  #drawThreads(/** @type {Trace} */ trace, x) {
    const followed = pick(trace.shown);
    for (const shown of trace.shown) {
      if (x(shown.at) < -this.#width) continue;
      for (const line of /** @type {const} */ (['landmarks', 'field'])) {
        const work = trace.find(line, shown[line]);
        if (work) this.#drawThread(line, x(shown.at), x(work.end), followed.has(shown));
      }
    }
    this.#context.globalAlpha = 1;
  }

  /** @param {Line} line @param {number} from @param {number} to @param {boolean} strong */
  #drawThread(line, from, to, strong) {
    const [top, bottom] = [this.#middle(line) + BAR / 2, this.#middle('warp') - BAR / 2];
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
      const width = Math.max(LEAST, right - left - 1); // neighbours do not touch
      this.#fill(left, middle, width, BAR);
      this.#number(frame, left, width, next ? x(next.begin) : Infinity, middle);
    });
    this.#context.globalAlpha = 1;
  }

  /** Inside the bar, else beside it, else not at all. @param {number} frame @param {number} left @param {number} width @param {number} end @param {number} middle */
  #number(frame, left, width, end, middle) {
    const inside = width >= this.#digits + PAD;
    if (!inside && left + width + this.#digits + 2 * PAD > end) return;
    const text = String(frame % 100).padStart(2, '0');
    if (inside) this.#context.fillStyle = this.#colours.on;
    const at = inside ? left + (width - this.#digits) / 2 : left + width + PAD - 1;
    this.#context.fillText(text, at, middle + 0.5);
  }

  /** A frame that went out as it was, without any work. */
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

/** The first shown frame of each while. @returns {Set<Shown>} */
function pick(/** @type {Shown[]} */ shown) {
  const slot = (/** @type {Shown | undefined} */ one) => one && Math.floor(one.at / FOLLOWED_MS);
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
