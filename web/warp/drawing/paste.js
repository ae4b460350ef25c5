/**
 * Warps a VideoFrame in its own planes. Only the eyes' surroundings are converted to RGB and passed to the Warper; the
 * difference that makes is added to the original planes. So every byte outside the patches is unchanged, no colour
 * conversion of the frame is needed, and the cost does not depend on its size. Knows nothing of faces or time.
 *
 * @typedef {import('../motion/luma.js').Pixels} Pixels
 * @typedef {import('../fields.js').Placed} Placed patches of one face are drawn together
 */

import {Warper} from './warp.js';

/** Half the patch's diagonal, eye widths. */
const HALF_DIAGONAL = Math.hypot(64, 48) / 36 / 2;

/** Pixels that the Warper reads beyond a sampled position, and one for rounding. */
const KERNEL = 3;

/** Weights of R and B in the luma. */
const WEIGHTS = {bt601: [0.299, 0.114], bt709: [0.2126, 0.0722]};

export class Paster {
  #canvas = new OffscreenCanvas(1, 1);
  #context;
  #warper;

  /** Raises Error if there is no WebGL2. */
  constructor() {
    this.#warper = new Warper(this.#canvas);
    this.#context = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
  }

  /** Whether nothing can be drawn at present. */
  get lost() {
    return this.#warper.lost;
  }

  /**
   * Returns a new frame with the patches drawn; the given one stays open. null: the context is lost.
   * @param {VideoFrame} frame
   * @param {Pixels | null} pixels the frame's bytes, which are modified
   * @param {Placed[]} placed
   * @returns {VideoFrame | null}
   */
  draw(frame, pixels, placed) {
    if (!pixels || !['I420', 'NV12'].includes(pixels.format)) return this.#drawWhole(frame, placed);
    const faces = Map.groupBy(placed, ({face}) => face).values();
    for (const patches of faces) if (!this.#paste(frame, pixels, patches)) return null;
    const {timestamp, displayWidth, displayHeight} = frame;
    return new VideoFrame(pixels.data, {
      format: /** @type {VideoPixelFormat} */ (pixels.format), layout: pixels.layout,
      codedWidth: pixels.width, codedHeight: pixels.height, displayWidth, displayHeight,
      timestamp, duration: frame.duration ?? undefined, colorSpace: frame.colorSpace.toJSON(),
    });
  }

  close() {
    this.#warper.close();
  }

  /** Converts the whole frame to RGB. */
  #drawWhole(/** @type {VideoFrame} */ frame, /** @type {Placed[]} */ placed) {
    const {displayWidth, displayHeight, timestamp, duration} = frame;
    if (!this.#warper.draw(frame, displayWidth, displayHeight, placed)) return null;
    return new VideoFrame(this.#canvas, {timestamp, duration: duration ?? undefined, alpha: 'discard'});
  }

  /** The patches of one face. */
  #paste(/** @type {VideoFrame} */ frame, /** @type {Pixels} */ pixels, /** @type {Placed[]} */ placed) {
    const {left, top, width, height} = around(placed, pixels);
    if (width <= 0 || height <= 0) return true;
    const {x, y} = /** @type {DOMRectReadOnly} */ (frame.visibleRect);
    const piece = new VideoFrame(frame, {visibleRect: {x: x + left, y: y + top, width, height}});
    const inside = placed.map((one) => ({...one, x: one.x - left, y: one.y - top}));
    try {
      const [before, after] = [[], inside].map((patches) =>
        this.#warper.draw(piece, width, height, patches) && this.#context.getImageData(0, 0, width, height));
      if (!before || !after) return false;
      add(pixels, {left, top, width, height}, before.data, after.data, frame.colorSpace);
      return true;
    } finally {
      piece.close();
    }
  }
}

/** The region that is read for these patches, aligned to even pixels and clipped to the frame. */
function around(/** @type {Placed[]} */ placed, /** @type {Pixels} */ {width, height}) {
  const edges = placed.map(({x, y, stepX, stepY, field, gain}) => {
    const farthest = Math.SQRT2 * Math.max(field.flow.scale, field.rest?.scale ?? 0) * gain;
    const reach = (HALF_DIAGONAL + farthest) * Math.hypot(stepX, stepY) + KERNEL;
    return [x - reach, y - reach, x + reach, y + reach];
  });
  const outermost = (/** @type {number} */ edge) => {
    const sign = edge < 2 ? 1 : -1;
    const value = sign * Math.min(...edges.map((one) => sign * one[edge]));
    const even = 2 * (edge < 2 ? Math.floor(value / 2) : Math.ceil(value / 2));
    return Math.min(Math.max(even, 0), edge % 2 ? height - height % 2 : width - width % 2);
  };
  const [left, top, right, bottom] = [0, 1, 2, 3].map(outermost);
  return {left, top, width: right - left, height: bottom - top};
}

/**
 * Adds the difference in RGB to the planes.
 * @param {Pixels} pixels
 * @param {{left: number, top: number, width: number, height: number}} box
 * @param {Uint8ClampedArray} before @param {Uint8ClampedArray} after RGBA of the box
 * @param {VideoColorSpace} colorSpace
 */
function add({data, format, layout}, {left, top, width, height}, before, after, {matrix, fullRange}) {
  const [ofRed, ofBlue] = matrix === 'bt709' ? WEIGHTS.bt709 : WEIGHTS.bt601;
  const [swing, chromaSwing] = fullRange ? [1, 1] : [219 / 255, 224 / 255];
  const [toU, toV] = [chromaSwing / 2 / (1 - ofBlue) / 4, chromaSwing / 2 / (1 - ofRed) / 4];
  const step = format === 'NV12' ? 2 : 1;
  const u = layout[1];
  const v = format === 'NV12' ? {offset: u.offset + 1, stride: u.stride} : layout[2];
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      let blue = 0;
      let red = 0;
      let changed = false;
      for (let pixel = 0; pixel < 4; pixel++) {
        const x = column + (pixel & 1);
        const y = row + (pixel >> 1);
        const from = 4 * (y * width + x);
        const r = after[from] - before[from];
        const g = after[from + 1] - before[from + 1];
        const b = after[from + 2] - before[from + 2];
        if (!(r || g || b)) continue;
        changed = true;
        const luma = ofRed * r + (1 - ofRed - ofBlue) * g + ofBlue * b;
        addTo(data, layout[0].offset + (top + y) * layout[0].stride + left + x, luma * swing);
        blue += b - luma;
        red += r - luma;
      }
      if (!changed) continue;
      const [line, place] = [(top + row) / 2, step * (left + column) / 2];
      addTo(data, u.offset + line * u.stride + place, blue * toU);
      addTo(data, v.offset + line * v.stride + place, red * toV);
    }
  }
}

function addTo(/** @type {Uint8Array} */ data, /** @type {number} */ at, /** @type {number} */ by) {
  data[at] = Math.max(0, Math.min(255, Math.round(data[at] + by)));
}
