/**
 * Blink guard: detects that an eye is closing in the newest frame while the older landmarks still say that it is open.
 * By the rule of relay/gaze/motion/blink_guard.py, with three cues: the upper lid's margin has moved down, so has the
 * edge where skin turns dark, and the dark region of the iris has lost height. The lid's margin is not known here; it
 * is approximated by a parabola as high as the eye is open. Pure functions.
 *
 * @typedef {import('./flow.js').Grey} Grey
 * @typedef {import('./flow.js').Point} Point
 * @typedef {import('./reference.js').Eye} Eye
 * @typedef {import('./reference.js').Face} Face
 * @typedef {import('./reference.js').Window} Window
 */

import {follow} from './flow.js';
import {windowIn} from './reference.js';

// As in relay/gaze/motion/blink_guard.py and aim.py, in eye widths where they are lengths.
const [ROWS, COLUMNS] = [18, 12];
const SPAN = 0.9;
const TALLEST = 4;
const RANKS = [Math.floor(ROWS * COLUMNS / 20), Math.floor(ROWS * COLUMNS * 6 / 10)];
const SHUT = 0.38;
const [MIN_CUE, MAX_CUE] = [-0.1, 0.5];
const [CLOSED, OPEN] = [0.1, 0.18];

/** Points on the upper lid: positions along the eye, and its height above the corners' line at the middle. */
const LID_POINTS = [-0.25, -0.125, 0, 0.125, 0.25];
const HEIGHT = 0.62; // apertures
const LID = {half: 5, levels: 3, least: 0.02};

/**
 * For each face's number the factor of the strength that its lids still allow, 0..1. Faces that cannot be compared are
 * left out.
 * @template {Face} F
 * @param {import('./reference.js').MotionReference<F>} reference of the frame in which the faces were found
 * @param {Face[]} carried the same faces at their positions in the newest frame
 * @param {import('./reference.js').Luma} luma of the newest frame
 * @returns {Map<number, {right: number, left: number}>}
 */
export function guard(reference, carried, luma) {
  const factors = new Map();
  if (luma.width !== reference.width || luma.height !== reference.height) return factors;
  for (const before of reference.faces) {
    const window = reference.windows.get(before.number);
    const now = carried.find(({number}) => number === before.number);
    if (!window || !now) continue;
    const levels = windowIn(window, luma);
    factors.set(before.number, {
      right: factorOf(before.right, lidClosure(window, levels, before.right, now.right, 1)),
      left: factorOf(before.left, lidClosure(window, levels, before.left, now.left, -1)),
    });
  }
  return factors;
}

/** The factor for lids that have closed by this share of the aperture, relative to before. */
function factorOf(/** @type {Eye} */ {openness}, /** @type {number} */ share) {
  const allowed = opening(openness);
  return allowed > 0 ? Math.min(opening(openness * (1 - share)) / allowed, 1) : 1;
}

const opening = (/** @type {number} */ openness) => clip((openness - CLOSED) / (OPEN - CLOSED), 0, 1);

/**
 * The share of its aperture by which the eye has closed. turn: 1, or -1 for the left eye, whose patch is mirrored.
 * @param {Window} window @param {Grey[]} levels of the newest frame @param {Eye} before @param {Eye} now
 * @param {number} turn
 */
function lidClosure(window, levels, before, now, turn) {
  const aperture = Math.max(before.openness, 0.05);
  const [there, here] = [before, now].map((eye) => patchOf(eye, window, turn));
  const [was, is] = [sample(window.levels[0], there), sample(levels[0], here)];
  const cues = [
    drop(window.levels, levels, there, here, before.openness) / aperture,
    (edge(is) - edge(was)) / aperture,
    loss(was, is),
  ];
  return cues.reduce((sum, cue) => sum + clip(cue, MIN_CUE, MAX_CUE), 0) / cues.length / SHUT;
}

/**
 * Mapping from eye coordinates to a window's indices.
 * @typedef {{x: number, y: number, acrossX: number, acrossY: number, downX: number, downY: number}} Patch
 * @returns {Patch}
 */
function patchOf(/** @type {Eye} */ eye, /** @type {Window} */ {left, top, factor}, /** @type {number} */ turn) {
  const [acrossX, acrossY] = [eye.stepX / factor, eye.stepY / factor];
  return {
    x: (eye.x - left) / factor - 0.5,
    y: (eye.y - top) / factor - 0.5,
    acrossX,
    acrossY,
    downX: -turn * acrossY,
    downY: turn * acrossX,
  };
}

/** @returns {Point} */
function place(/** @type {Patch} */ patch, /** @type {number} */ x, /** @type {number} */ y) {
  return {x: patch.x + x * patch.acrossX + y * patch.downX, y: patch.y + x * patch.acrossY + y * patch.downY};
}

/** ROWS rows of COLUMNS values around the middle of the eye, upright. */
function sample(/** @type {Grey} */ picture, /** @type {Patch} */ patch) {
  const values = new Float32Array(ROWS * COLUMNS);
  for (let row = 0, at = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1, at += 1) {
      const [x, y] = [((column + 0.5) / COLUMNS - 0.5) * SPAN, ((row + 0.5) / ROWS - 0.5) * SPAN];
      values[at] = read(picture, place(patch, x, y));
    }
  }
  return values;
}

/** Samples the image bilinearly; its border is repeated. */
function read(/** @type {Grey} */ {data, width, height}, /** @type {Point} */ {x, y}) {
  const [column, row] = [clip(x, 0, width - 1), clip(y, 0, height - 1)];
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const along = (/** @type {number} */ line) =>
    data[line * width + left] + (column - left) * (data[line * width + right] - data[line * width + left]);
  return along(top) + (row - top) * (along(bottom) - along(top));
}

/**
 * How far the upper lid has moved down relative to the head, eye widths.
 * @param {Grey[]} was @param {Grey[]} is @param {Patch} there @param {Patch} here @param {number} openness
 */
function drop(was, is, there, here, openness) {
  const [start, guess] = [there, here].map((patch) =>
    LID_POINTS.map((x) => place(patch, x, -HEIGHT * openness * (1 - (2 * x) ** 2))));
  const size = here.downX ** 2 + here.downY ** 2;
  const downs = follow(was, is, start, guess, LID).map((found, index) =>
    found ? ((found.x - guess[index].x) * here.downX + (found.y - guess[index].y) * here.downY) / size : 0);
  return downs.sort((a, b) => a - b)[downs.length >> 1];
}

/** The height at which luma decreases downwards, eye widths from the corners' line, down positive. */
function edge(/** @type {Float32Array} */ eye) {
  let [sum, total] = [0, 1e-6];
  for (let row = 1; row < ROWS; row += 1) {
    let fall = 0;
    for (let at = row * COLUMNS, end = at + COLUMNS; at < end; at += 1) fall += Math.max(eye[at - COLUMNS] - eye[at], 0);
    const weight = (fall / COLUMNS) ** 2;
    sum += weight * (row / ROWS - 0.5) * SPAN;
    total += weight;
  }
  return sum / total;
}

/** The share of its height that the dark region has lost. */
function loss(/** @type {Float32Array} */ was, /** @type {Float32Array} */ is) {
  const order = Float32Array.from(was).sort();
  const [dark, light] = RANKS.map((rank) => order[rank]);
  const [middle, soft] = [(dark + light) / 2, Math.max(light - dark, 6) / 2];
  return 1 - height(is, middle, soft) / Math.max(height(was, middle, soft), 0.03);
}

/** Height of the dark region where it is tallest, eye widths. */
function height(/** @type {Float32Array} */ eye, /** @type {number} */ middle, /** @type {number} */ soft) {
  const columns = new Float32Array(COLUMNS);
  for (let at = 0; at < eye.length; at += 1) columns[at % COLUMNS] += clip((middle - eye[at]) / soft + 0.5, 0, 1);
  return columns.sort().slice(-TALLEST).reduce((sum, one) => sum + one, 0) / TALLEST * SPAN / ROWS;
}

const clip = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) =>
  value < least ? least : value > most ? most : value;
