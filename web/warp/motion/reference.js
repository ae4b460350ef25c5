/**
 * The motion reference of a frame in which the relay found eyes: the luma around them, and the points to track from
 * there. By the rule of relay/gaze/motion/reference.py. Pure functions.
 *
 * Luma: the whole frame downscaled, 640 pixels wide or more, rows from the top without gaps; always of one size. An
 * eye's position: x, y: midpoint of its corners; stepX, stepY: one eye width along the patch's x (from the outer to the
 * inner corner in the person's right eye, and in the left one too); in that luma's own pixels, centres at .5. All other
 * properties of a face or an eye (strength and so on) are kept.
 *
 * @typedef {import('./flow.js').Grey} Grey
 * @typedef {import('./flow.js').Point} Point
 * @typedef {{data: Uint8Array, width: number, height: number}} Luma
 * @typedef {{x: number, y: number, stepX: number, stepY: number, openness: number}} Eye
 * @typedef {{number: number, right: Eye, left: Eye}} Face
 * @typedef {Map<number, {x: number, y: number}>} Velocities pixels per second of each face, by its number
 * @typedef {{left: number, top: number, factor: number, levels: Grey[], points: Point[]}} Window
 *   luma around one face's eyes, each pixel the mean of `factor` x `factor`; points in it to track
 */

import {corners, pyramid} from './flow.js';

// As in relay/gaze/motion/reference.py, in eye widths where they are lengths.
const REACH = 0.9;
const DETAIL = 18;
const POINTS = 20;
const RING = [0.95, 0.85];
const OPENING = [0.62, 0.5];

/**
 * The motion reference of a frame with faces.
 * @template {Face} F
 * @typedef {{faces: F[], width: number, height: number, windows: Map<number, Window>,
 *   velocities: Velocities}} MotionReference
 */

/**
 * Stores the luma around the eyes, and chooses the points to track.
 * @template {Face} F
 * @param {Luma} luma of the frame in which these faces were found
 * @param {F[]} faces
 * @param {Velocities} known used if tracking fails
 * @returns {MotionReference<F>}
 */
export function makeReference(luma, faces, known = new Map()) {
  const windows = new Map();
  for (const face of faces) {
    const window = windowOf(luma, face);
    if (window) windows.set(face.number, window);
  }
  return {faces, width: luma.width, height: luma.height, windows, velocities: known};
}

/** The pyramid of the same window in another luma of the same size, adjusted to the reference's mean and contrast. */
export function windowIn(/** @type {Window} */ {left, top, factor, levels: [model]}, /** @type {Luma} */ luma) {
  return pyramid(like(shrink(luma, left, top, model.width, model.height, factor), model));
}

/** Mean width of both eyes, pixels. */
export function widthOf(/** @type {Face} */ {right, left}) {
  return (Math.hypot(right.stepX, right.stepY) + Math.hypot(left.stepX, left.stepY)) / 2;
}

/** The window around this face's eyes; null if it lies outside the frame. @returns {Window | null} */
function windowOf(/** @type {Luma} */ luma, /** @type {Face} */ face) {
  const eyeWidth = widthOf(face);
  if (!(eyeWidth >= 4)) return null;
  const factor = Math.max(1, Math.floor(eyeWidth / DETAIL));
  const reach = eyeWidth * (Math.max(...RING) + REACH);
  const [xs, ys] = [[face.right.x, face.left.x], [face.right.y, face.left.y]];
  const left = Math.max(0, Math.floor(Math.min(...xs) - reach));
  const top = Math.max(0, Math.floor(Math.min(...ys) - reach));
  const width = Math.floor((Math.min(luma.width, Math.ceil(Math.max(...xs) + reach)) - left) / factor);
  const height = Math.floor((Math.min(luma.height, Math.ceil(Math.max(...ys) + reach)) - top) / factor);
  if (width < 16 || height < 16) return null;
  const picture = shrink(luma, left, top, width, height, factor);
  const eyes = [face.right, face.left].map((eye) => ellipses(eye, left, top, factor));
  const allowed = (/** @type {number} */ x, /** @type {number} */ y) =>
    eyes.some((eye) => eye(x, y, RING) < 1) && eyes.every((eye) => eye(x, y, OPENING) >= 1);
  return {left, top, factor, levels: pyramid(picture), points: corners(picture, allowed, POINTS, DETAIL / 8)};
}

/**
 * Returns a function of a window's pixel: its squared distance from the eye, 1 on the ellipse with these half axes.
 * @param {Eye} eye @param {number} left @param {number} top @param {number} factor
 */
function ellipses({x, y, stepX, stepY}, left, top, factor) {
  const size = stepX * stepX + stepY * stepY;
  return (/** @type {number} */ column, /** @type {number} */ row, /** @type {number[]} */ [across, down]) => {
    const [right, low] = [left + (column + 0.5) * factor - x, top + (row + 0.5) * factor - y];
    return ((right * stepX + low * stepY) / size / across) ** 2 + ((low * stepX - right * stepY) / size / down) ** 2;
  };
}

/**
 * Crops and downscales: width x height pixels from left and top, each the mean of factor x factor.
 * @param {Luma} luma @param {number} left @param {number} top @param {number} width @param {number} height
 * @param {number} factor
 * @returns {Grey}
 */
function shrink(luma, left, top, width, height, factor) {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height * factor; y += 1) {
    const line = Math.floor(y / factor) * width;
    for (let x = 0, from = (top + y) * luma.width + left; x < width; x += 1) {
      for (const end = from + factor; from < end; from += 1) data[line + x] += luma.data[from];
    }
  }
  if (factor > 1) for (let at = 0; at < data.length; at += 1) data[at] /= factor * factor;
  return {data, width, height};
}

/**
 * The image with the model's mean and contrast: point tracking mistakes a change of light for motion.
 * @returns {Grey}
 */
function like(/** @type {Grey} */ picture, /** @type {Grey} */ model) {
  const [is, wanted] = [spreadOf(picture.data), spreadOf(model.data)];
  const gain = Math.min(Math.max((wanted.spread + 1) / (is.spread + 1), 0.5), 2);
  const data = new Float32Array(picture.data.length);
  for (let at = 0; at < data.length; at += 1) data[at] = wanted.mean + gain * (picture.data[at] - is.mean);
  return {...picture, data};
}

function spreadOf(/** @type {Grey['data']} */ data) {
  let [sum, squares] = [0, 0];
  for (let at = 0; at < data.length; at += 1) {
    sum += data[at];
    squares += data[at] * data[at];
  }
  const mean = sum / data.length;
  return {mean, spread: Math.sqrt(Math.max(0, squares / data.length - mean * mean))};
}
