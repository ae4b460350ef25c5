/**
 * Applies fields to a frame by the rule of relay/gaze/warp.py: inside a patch's ellipse the output at p is
 * mask(p) * input(p + flow(p)) + (1 - mask(p)) * input(p + rest(p)), flow and rest in eye widths and, like the light,
 * times the gain. Grids are sampled bilinearly, the frame bicubically (4 x 4, its border repeated); patches are drawn
 * in order, each from the original frame. No pixel outside the ellipses is changed.
 *
 * The frame itself is drawn on a 2D canvas; WebGL2 gets only the patches' surroundings and returns only the patches,
 * because without a GPU uploading and drawing a whole frame is slow. Difference from the relay: that resamples Y, U and
 * V as received, this the browser's RGB.
 *
 * Knows nothing of faces, networks, connections or time.
 */

import {Shader} from './shader.js';

/**
 * A placed field: x, y: midpoint of the eye's corners; stepX, stepY: one eye width along the patch's x; pixels of the
 * frame, x right and y down, pixel centres at .5. mirrored: it is the person's left eye. gain: 0..1.
 *
 * @typedef {import('./shader.js').Box} Box
 * @typedef {import('../wire.js').FieldGrids} FieldGrids
 * @typedef {{x: number, y: number, stepX: number, stepY: number, mirrored: boolean}} Place
 * @typedef {Place & {field: FieldGrids, gain: number}} Placed
 */

/** The patch in eye widths (relay/gaze/spec.py). */
const EXTENT = [64 / 36, 48 / 36];

/** Pixels that the cubic kernel reads beyond a sampled position. */
const KERNEL = 2;

/**
 * A light of 1 is all 255 steps of the stored luma. In BT.601 studio range black to white takes 219 of them, and a step
 * of luma is the same in R, G and B: a light of 1 is this share of RGB's range.
 */
const LIGHT = 255 / 219;

/**
 * Draws frames through fields onto a canvas, in a page or in a worker. Fires `lost` when the graphics context is lost:
 * then draw() does nothing, and frames must pass unchanged. Fires `restored` when it works again.
 *
 * The result can be read at once: `new VideoFrame(canvas, {timestamp, duration, alpha: 'discard'})`, or
 * `requestFrame()` on the track of `canvas.captureStream(0)`.
 */
export class Warper extends EventTarget {
  #canvas;
  #context;
  #gl;
  #shader;
  #lost = false;
  #abort = new AbortController();

  /**
   * Raises Error if there is no WebGL2.
   * @param {OffscreenCanvas | HTMLCanvasElement} canvas for the frames; used by nothing else
   * @param {OffscreenCanvas} workCanvas for the patches
   */
  constructor(canvas, workCanvas = new OffscreenCanvas(1, 1)) {
    super();
    this.#canvas = canvas;
    // In memory, not on a GPU: every frame is read back, here and by an encoder.
    const options = {alpha: false, willReadFrequently: true};
    this.#context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', options));
    const gl = workCanvas.getContext('webgl2', {antialias: false, depth: false});
    if (!gl) throw new Error('This browser has no WebGL2.');
    this.#gl = gl;
    this.#shader = new Shader(gl);
    const {signal} = this.#abort;
    workCanvas.addEventListener('webglcontextlost', (event) => this.#onLost(event), {signal});
    workCanvas.addEventListener('webglcontextrestored', () => this.#onRestored(), {signal});
  }

  /** Whether nothing can be drawn at present. */
  get lost() {
    return this.#lost || this.#gl.isContextLost();
  }

  /**
   * Draws the frame through these fields; the canvas takes its size. Raises the browser's error for a frame that it
   * cannot read, such as a closed VideoFrame.
   * @param {VideoFrame | HTMLVideoElement | ImageBitmap} picture
   * @param {number} width @param {number} height of the frame, pixels
   * @param {Placed[]} placed
   * @returns {boolean} false: the context is lost
   */
  draw(picture, width, height, placed) {
    if (this.lost) return false;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.drawImage(picture, 0, 0, width, height);
    const patches = placed.filter(({gain}) => gain > 0).map((one) => locate(one, width, height));
    return this.#warp(patches.filter(({box}) => box.width > 0 && box.height > 0), width, height);
  }

  /** Frees the graphics memory at once; nothing is drawn from now on. */
  close() {
    this.#abort.abort();
    this.#lost = true;
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #warp(/** @type {Located[]} */ patches, /** @type {number} */ width, /** @type {number} */ height) {
    if (!patches.length) return true;
    this.#shader.resize(width, height);
    for (const {around} of patches) {
      const piece = this.#context.getImageData(around.left, around.top, around.width, around.height);
      this.#shader.upload(piece, around.left, around.top);
    }
    this.#shader.draw(patches);
    const pieces = patches.map(({box}) => this.#shader.read(box));
    if (this.lost) return false; // the pieces are black then
    pieces.forEach((piece, i) => this.#context.putImageData(piece, patches[i].box.left, patches[i].box.top));
    return true;
  }

  #onLost(/** @type {Event} */ event) {
    event.preventDefault(); // otherwise it is never restored
    this.#lost = true;
    this.dispatchEvent(new Event('lost'));
  }

  #onRestored() {
    this.#shader = new Shader(this.#gl);
    this.#lost = false;
    this.dispatchEvent(new Event('restored'));
  }
}

/**
 * A patch, and the region around it that is read.
 * @typedef {import('./shader.js').Patch & {around: Box}} Located
 * @returns {Located}
 */
function locate(/** @type {Placed} */ placed, /** @type {number} */ width, /** @type {number} */ height) {
  const {x, y, stepX, stepY, mirrored, field, gain} = placed;
  const [downX, downY] = mirrored ? [stepY, -stepX] : [-stepY, stepX];
  const [across, down] = EXTENT;
  const square = stepX ** 2 + stepY ** 2;
  const spanX = Math.hypot(stepX * across, downX * down) / 2;
  const spanY = Math.hypot(stepY * across, downY * down) / 2;
  const bounds = (/** @type {number} */ more) =>
    clip([x - spanX - more, y - spanY - more, x + spanX + more, y + spanY + more], width, height);
  const box = bounds(0);
  const [fromX, fromY] = [box.left + 0.5 - x, box.top + 0.5 - y];
  const longest = Math.SQRT2 * Math.max(field.flow.scale, field.rest?.scale ?? 0) * gain;
  return {
    box,
    around: bounds(longest * Math.sqrt(square) + KERNEL),
    toPatch: [stepX / across, downX / down, stepY / across, downY / down].map((value) => value / square),
    corner: [
      0.5 + (stepX * fromX + stepY * fromY) / square / across,
      0.5 + (downX * fromX + downY * fromY) / square / down,
    ],
    toPicture: [stepX, stepY, downX, downY].map((value) => value * gain),
    light: LIGHT * gain,
    field,
  };
}

/** Whole pixels between these edges, clipped to the frame. @returns {Box} */
function clip(/** @type {number[]} */ edges, /** @type {number} */ width, /** @type {number} */ height) {
  const [left, top, right, bottom] = edges.map((edge, i) =>
    Math.min(Math.max(i < 2 ? Math.floor(edge) : Math.ceil(edge), 0), i % 2 ? height : width));
  return {left, top, width: right - left, height: bottom - top};
}
