/**
 * Motion compensation: carries eyes from the frame in which the relay found them to the newest one. By the rule of
 * relay/gaze/motion/compensation.py: corners around the eyes, not on lids and irises, are tracked, and a similarity
 * transform (translation, rotation, scale) is fitted to their motion; if that fails, each face continues at half its
 * last velocity. Pure functions.
 *
 *   const reference = makeReference(luma, faces, velocities(before, faces, seconds)); // for each frame with faces
 *   const carried = carry(reference, newestLuma, seconds); // for each frame shown; or extrapolate(reference, seconds)
 *   const factors = guard(reference, carried, newestLuma); // guard.js; likewise
 *
 * @typedef {import('./flow.js').Point} Point
 * @typedef {import('./reference.js').Eye} Eye
 * @typedef {import('./reference.js').Face} Face
 * @typedef {import('./reference.js').Luma} Luma
 * @typedef {import('./reference.js').Velocities} Velocities
 * @typedef {import('./reference.js').Window} Window
 */

/**
 * @template {Face} F
 * @typedef {import('./reference.js').MotionReference<F>} MotionReference
 */

/**
 * @typedef {{a: number, b: number, x: number, y: number}} Similarity (px, py) -> (a px - b py + x, b px + a py + y)
 */

import {follow} from './flow.js';
import {windowIn, widthOf} from './reference.js';

export {makeReference} from './reference.js';

// As in relay/gaze/motion/compensation.py.
const FEWEST = 6;
const AGREES = 0.08; // eye widths
const LARGEST_TURN = 25 * Math.PI / 180;
const LARGEST_SCALE = 1.25;
const DAMPING = 0.5;

/** @type {Similarity} */
const STAY = {a: 1, b: 0, x: 0, y: 0};

/**
 * The faces at their positions in this frame. Never fails: faces that cannot be tracked are extrapolated, or stay.
 * @template {Face} F
 * @param {MotionReference<F>} reference
 * @param {Luma} luma
 * @param {number} seconds between the two frames
 * @returns {F[]}
 */
export function carry(reference, luma, seconds) {
  const sameSize = luma.width === reference.width && luma.height === reference.height;
  return reference.faces.map((face) => {
    const window = sameSize ? reference.windows.get(face.number) : undefined;
    const step = window ? followed(window, luma, widthOf(face)) : null;
    return move(face, step ?? extrapolated(reference.velocities.get(face.number), seconds));
  });
}

/**
 * The faces extrapolated by their velocities alone.
 * @template {Face} F
 * @param {MotionReference<F>} reference
 * @param {number} seconds from the frame in which they were found to the one that is shown
 * @returns {F[]}
 */
export function extrapolate(reference, seconds) {
  return reference.faces.map((face) => move(face, extrapolated(reference.velocities.get(face.number), seconds)));
}

/**
 * The velocity of each face, from its last two detections in lumas of one size, damped.
 * @param {Face[]} before
 * @param {Face[]} now
 * @param {number} seconds between them
 * @returns {Velocities}
 */
export function velocities(before, now, seconds) {
  /** @type {Velocities} */
  const found = new Map();
  if (!(seconds > 0 && seconds < 1)) return found;
  for (const face of now) {
    const earlier = before.find(({number}) => number === face.number);
    if (!earlier) continue;
    const [here, there] = [middleOf(face), middleOf(earlier)];
    found.set(face.number, {x: DAMPING * (here.x - there.x) / seconds, y: DAMPING * (here.y - there.y) / seconds});
  }
  return found;
}

/**
 * The similarity transform that maps most of the points `before` to `after`; null if too few agree. Iteratively
 * reweighted least squares: outliers get less weight.
 * @param {Point[]} before
 * @param {Point[]} after
 * @param {number} tolerance largest error of a point that agrees, pixels
 * @returns {Similarity | null}
 */
export function fit(before, after, tolerance) {
  if (before.length < FEWEST) return null;
  const steps = before.map((from, index) => ({x: after[index].x - from.x, y: after[index].y - from.y}));
  const usual = medianOf(steps);
  let off = steps.map((step) => distance(step, usual));
  const spread = Math.max(2 * median(off), tolerance);
  let step = STAY;
  for (const width of [spread, Math.max(spread / 3, tolerance), tolerance]) {
    step = leastSquares(before, after, off.map((far) => (1 + (far / width) ** 2) ** -2));
    off = before.map((from, index) => distance(apply(step, from), after[index]));
  }
  const agreeing = off.filter((far) => far < tolerance).length;
  return agreeing >= Math.max(FEWEST, 0.4 * before.length) ? step : null;
}

/**
 * The similarity transform with the least weighted squared error.
 * @param {Point[]} before @param {Point[]} after @param {number[]} weights
 * @returns {Similarity}
 */
function leastSquares(before, after, weights) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (/** @type {(from: Point, to: Point) => number} */ value) =>
    weights.reduce((sum, weight, index) => sum + weight * value(before[index], after[index]), 0) / total;
  const middle = {x: mean(({x}) => x), y: mean(({y}) => y)};
  const target = {x: mean((_, {x}) => x), y: mean((_, {y}) => y)};
  const size = Math.max(mean((from) => distance(from, middle) ** 2), 1e-9);
  const a = mean((from, to) => (from.x - middle.x) * (to.x - target.x) + (from.y - middle.y) * (to.y - target.y)) / size;
  const b = mean((from, to) => (from.x - middle.x) * (to.y - target.y) - (from.y - middle.y) * (to.x - target.x)) / size;
  return {a, b, x: target.x - a * middle.x + b * middle.y, y: target.y - b * middle.x - a * middle.y};
}

/**
 * How the face has moved since the window was taken, in the luma's pixels; null if it cannot be tracked.
 * @param {Window} window @param {Luma} luma @param {number} eyeWidth
 */
function followed(window, luma, eyeWidth) {
  const {left, top, factor, levels, points} = window;
  if (points.length < FEWEST) return null;
  const found = follow(levels, windowIn(window, luma), points);
  const toPicture = (/** @type {Point} */ {x, y}) => ({x: left + (x + 0.5) * factor, y: top + (y + 0.5) * factor});
  const before = points.filter((_, index) => found[index]).map(toPicture);
  const after = found.flatMap((place) => place ? [toPicture(place)] : []);
  const step = fit(before, after, AGREES * eyeWidth);
  return step && isPlausible(step, medianOf(before), eyeWidth) ? step : null;
}

/** Whether a head can have moved like that within a few frames. */
function isPlausible(/** @type {Similarity} */ step, /** @type {Point} */ middle, /** @type {number} */ eyeWidth) {
  const scale = Math.hypot(step.a, step.b);
  return distance(apply(step, middle), middle) < 2 * eyeWidth && scale < LARGEST_SCALE && scale > 1 / LARGEST_SCALE
    && Math.abs(Math.atan2(step.b, step.a)) < LARGEST_TURN;
}

/**
 * @template {Face} F
 * @param {F} face
 * @param {Similarity} step
 * @returns {F}
 */
function move(face, step) {
  return step === STAY ? face : {...face, right: moveEye(face.right, step), left: moveEye(face.left, step)};
}

function moveEye(/** @type {Eye} */ eye, /** @type {Similarity} */ step) {
  const {x: stepX, y: stepY} = apply({...step, x: 0, y: 0}, {x: eye.stepX, y: eye.stepY});
  return {...eye, ...apply(step, eye), stepX, stepY};
}

/** @returns {Similarity} */
function extrapolated(/** @type {Point | undefined} */ velocity, /** @type {number} */ seconds) {
  const time = Math.min(Math.max(seconds, 0), 1);
  return velocity ? {...STAY, x: velocity.x * time, y: velocity.y * time} : STAY;
}

/** @returns {Point} */
function apply(/** @type {Similarity} */ {a, b, x, y}, /** @type {Point} */ from) {
  return {x: a * from.x - b * from.y + x, y: b * from.x + a * from.y + y};
}

const distance = (/** @type {Point} */ one, /** @type {Point} */ other) => Math.hypot(one.x - other.x, one.y - other.y);
const middleOf = (/** @type {Face} */ {right, left}) => ({x: (right.x + left.x) / 2, y: (right.y + left.y) / 2});
const medianOf = (/** @type {Point[]} */ points) => ({x: median(points.map(({x}) => x)), y: median(points.map(({y}) => y))});
const median = (/** @type {number[]} */ values) => Float64Array.from(values).sort()[values.length >> 1];
