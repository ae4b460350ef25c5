/**
 * A small luma copy of a frame, for motion compensation and blink guard. Knows nothing of either.
 *
 * A VideoFrame's own planes are copied: 0.1 ms at 720p, compared with 15 ms for drawing it to a canvas and reading that
 * back without a GPU. Sources without readable planes, such as a <video>, are drawn.
 *
 * @typedef {import('./motion.js').Luma & {factor: number}} Small factor: frame pixels per luma pixel, in each direction
 * @typedef {{data: Uint8Array, format: string, layout: PlaneLayout[], width: number, height: number}} Pixels
 *   a VideoFrame's bytes, as copyTo gives them
 */

/**
 * Minimum width of the copy, unless the frame is narrower. At half of it eyes would be about 12 pixels wide, and one
 * closed eye in thirteen would be missed.
 */
const WIDTH = 640;

const READABLE = /^(I4|NV|RGB|BGR)/;
const PLANAR = /^(I4|NV)/;

/** Size of the copy, and frame pixels per pixel of it in each direction. */
function sizeOf(/** @type {number} */ width, /** @type {number} */ height) {
  const factor = Math.max(1, Math.floor(width / WIDTH));
  return {factor, width: Math.floor(width / factor), height: Math.floor(height / factor)};
}

/** Copies frames' bytes into a reused buffer. */
export class Copier {
  #buffer = new Uint8Array(0);

  /**
   * The frame's bytes, valid until the next copy; null if they are not readable, or the frame is rotated or flipped.
   * @param {VideoFrame} frame
   * @returns {Promise<Pixels | null>}
   */
  async copy(frame) {
    const {format, visibleRect} = frame;
    // @ts-ignore: newer than the compiler's library
    if (!format || !visibleRect || !READABLE.test(format) || frame.rotation || frame.flip) return null;
    const size = frame.allocationSize();
    if (this.#buffer.length !== size) this.#buffer = new Uint8Array(size);
    const layout = await frame.copyTo(this.#buffer);
    return {data: this.#buffer, format, layout, width: visibleRect.width, height: visibleRect.height};
  }
}

/** @returns {Small} */
export function lumaOf(/** @type {Pixels} */ {data, format, layout, width, height}) {
  const {offset, stride} = layout[0];
  // For packed RGB, green approximates luma.
  const [start, step] = PLANAR.test(format) ? [offset, 1] : [offset + 1, 4];
  return shrink(data, start, stride, step, sizeOf(width, height));
}

/** Makes the luma copy of a canvas, by drawing. */
export class CanvasLuma {
  #context;

  constructor() {
    const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true, alpha: false});
    this.#context = /** @type {OffscreenCanvasRenderingContext2D} */ (context);
  }

  /** @param {HTMLCanvasElement} picture @param {number} width @param {number} height @returns {Small} */
  read(picture, width, height) {
    const size = sizeOf(width, height);
    const {canvas} = this.#context;
    if (canvas.width !== size.width) canvas.width = size.width;
    if (canvas.height !== size.height) canvas.height = size.height;
    const [across, down] = [size.width * size.factor, size.height * size.factor];
    this.#context.drawImage(picture, 0, 0, across, down, 0, 0, size.width, size.height);
    const {data} = this.#context.getImageData(0, 0, size.width, size.height);
    return {...shrink(data, 1, 4 * size.width, 4, {...size, factor: 1}), factor: size.factor};
  }
}

/**
 * Downscales: each pixel is the mean of factor x factor.
 * @param {Uint8Array | Uint8ClampedArray} data
 * @param {number} offset of the first value
 * @param {number} stride from one row to the next
 * @param {number} step from one value to the next
 * @param {{factor: number, width: number, height: number}} size of the copy
 * @returns {Small}
 */
function shrink(data, offset, stride, step, {factor, width, height}) {
  const small = new Uint8Array(width * height);
  const area = factor * factor;
  const across = factor * step;
  for (let row = 0, to = 0; row < height; row++) {
    const line = offset + row * factor * stride;
    for (let column = 0; column < width; column++) {
      let sum = area >> 1;
      for (let y = 0, from = line + column * across; y < factor; y++, from += stride) {
        for (let x = 0; x < across; x += step) sum += data[from + x];
      }
      small[to++] = sum / area;
    }
  }
  return {data: small, width, height, factor};
}
