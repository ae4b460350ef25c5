/**
 * Tracks points between two grey images: pyramidal Lucas-Kanade (Bouguet, Intel 1999) on Shi-Tomasi corners (CVPR
 * 1994). Knows nothing of faces.
 *
 * Rows of `width` values each, from the top. Positions are indices: the centre of the first pixel is (0, 0).
 *
 * @typedef {{data: Uint8Array | Float32Array, width: number, height: number}} Grey
 * @typedef {{x: number, y: number}} Point
 */

/**
 * Parameters. half: half the window's side, pixels to each side of its centre. levels: pyramid levels at most,
 * including the image itself. least: threshold of the smaller eigenvalue of the gradients, per pixel; below it is no
 * corner.
 */
export const USUAL = {half: 6, levels: 4, least: 0.25};

const ROUNDS = 8; // of refinement at each level, at most
const STILL = 0.02; // pixels: a smaller step ends the refinement
const LEAST = 1; // the same threshold for choosing a point

/** The image and its successive halvings, as long as they are large enough. @returns {Grey[]} */
export function pyramid(/** @type {Grey} */ picture) {
  const levels = [picture];
  for (let last = picture; levels.length < USUAL.levels && Math.min(last.width, last.height) >= 4 * USUAL.half;) {
    last = halve(last);
    levels.push(last);
  }
  return levels;
}

/**
 * The position of each point in the second image; null where it cannot be tracked.
 * @param {Grey[]} before as pyramid() makes it
 * @param {Grey[]} after of an image of the same size
 * @param {Point[]} points in the first image
 * @param {Point[]} guesses of their positions in the second one
 * @param {typeof USUAL} how
 * @returns {(Point | null)[]}
 */
export function follow(before, after, points, guesses = points, {half, levels, least} = USUAL) {
  const {width, height} = after[0];
  return points.map((point, index) => {
    const coarsest = Math.min(levels, before.length) - 1;
    let step = {x: (guesses[index].x - point.x) / 2 ** coarsest, y: (guesses[index].y - point.y) / 2 ** coarsest};
    for (let level = coarsest; ; level -= 1) {
      const scale = 2 ** -level;
      const here = {x: (point.x + 0.5) * scale - 0.5, y: (point.y + 0.5) * scale - 0.5};
      const found = refine(before[level], after[level], here, step, half, least);
      if (level === 0 && !found) return null;
      step = found ?? step;
      if (level === 0) break;
      step = {x: 2 * step.x, y: 2 * step.y};
    }
    const [x, y] = [point.x + step.x, point.y + step.y];
    return x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1 ? {x, y} : null;
  });
}

/**
 * The best points to track, best first.
 * @param {Grey} picture
 * @param {(x: number, y: number) => boolean} allowed
 * @param {number} count at most
 * @param {number} apart pixels between any two, at least
 * @returns {Point[]}
 */
export function corners(picture, allowed, count, apart) {
  const {width, height} = picture;
  const worth = cornerness(picture);
  const peaks = [];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1, at = y * width + 1; x < width - 1; x += 1, at += 1) {
      // A point at the edge of the allowed region may score only because of what lies beyond.
      if (worth[at] >= LEAST && isPeak(worth, at, width) && allowed(x, y)) peaks.push({x, y, worth: worth[at]});
    }
  }
  peaks.sort((a, b) => b.worth - a.worth);
  /** @type {Point[]} */
  const chosen = [];
  for (const {x, y, worth} of peaks) {
    if (chosen.length === count || worth < 0.02 * peaks[0].worth) break;
    if (chosen.every((one) => Math.hypot(one.x - x, one.y - y) >= apart)) chosen.push({x, y});
  }
  return chosen;
}

/** Whether no neighbour is larger. */
function isPeak(/** @type {Float32Array} */ values, /** @type {number} */ at, /** @type {number} */ width) {
  for (let row = at - width; row <= at + width; row += width) {
    if (values[row - 1] > values[at] || values[row] > values[at] || values[row + 1] > values[at]) return false;
  }
  return true;
}

/** For each pixel the smaller eigenvalue of the gradient matrix of its 5 x 5 neighbourhood; 0 near the border. */
function cornerness(/** @type {Grey} */ {data, width, height}) {
  const [xx, xy, yy] = [0, 1, 2].map(() => new Float32Array(width * height));
  for (let row = 1; row < height - 1; row += 1) {
    for (let at = row * width + 1, end = at + width - 2; at < end; at += 1) {
      const x = (data[at + 1] - data[at - 1]) / 2;
      const y = (data[at + width] - data[at - width]) / 2;
      xx[at] = x * x;
      xy[at] = x * y;
      yy[at] = y * y;
    }
  }
  for (const products of [xx, xy, yy]) {
    sumFive(products, 1);
    sumFive(products, width);
  }
  const worth = new Float32Array(width * height);
  for (let row = 3; row < height - 3; row += 1) {
    for (let at = row * width + 3, end = at + width - 6; at < end; at += 1) {
      worth[at] = smallerEigenvalue(xx[at], xy[at], yy[at]) / 25;
    }
  }
  return worth;
}

/** Replaces each value by the sum of itself and two to each side, `step` apart; values at the ends are invalid. */
function sumFive(/** @type {Float32Array} */ values, /** @type {number} */ step) {
  const from = values.slice();
  for (let at = 2 * step; at < values.length - 2 * step; at += 1) {
    values[at] = from[at - 2 * step] + from[at - step] + from[at] + from[at + step] + from[at + 2 * step];
  }
}

/** Halves the image: every pixel is the mean of four. @returns {Grey} */
function halve(/** @type {Grey} */ {data, width, height}) {
  const small = {data: new Float32Array((width >> 1) * (height >> 1)), width: width >> 1, height: height >> 1};
  for (let y = 0, to = 0; y < small.height; y += 1) {
    for (let x = 0, from = 2 * y * width; x < small.width; x += 1, from += 2, to += 1) {
      small.data[to] = (data[from] + data[from + 1] + data[from + width] + data[from + width + 1]) / 4;
    }
  }
  return small;
}

const smallerEigenvalue = (/** @type {number} */ xx, /** @type {number} */ xy, /** @type {number} */ yy) =>
  (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2;

// Buffers for the largest window; points are tracked one at a time.
const MOST = 2 * USUAL.half + 1;
const model = new Float32Array((MOST + 2) ** 2); // with one more pixel on each side
const seen = new Float32Array(MOST ** 2);
const across = new Float32Array(MOST ** 2);
const down = new Float32Array(MOST ** 2);

/**
 * The displacement of one point at one level, starting from a guess; null if there is no corner.
 * @param {Grey} before @param {Grey} after @param {Point} point @param {Point} guess
 * @param {number} half @param {number} least
 * @returns {Point | null}
 */
function refine(before, after, point, guess, half, least) {
  const side = 2 * half + 1;
  read(before, point.x - half - 1, point.y - half - 1, side + 2, model);
  const [xx, xy, yy] = slopes(side);
  const worth = xx * yy - xy * xy;
  if (smallerEigenvalue(xx, xy, yy) < least * side ** 2 || worth <= 0) return null;
  const step = {...guess};
  for (let round = 0; round < ROUNDS; round += 1) {
    read(after, point.x + step.x - half, point.y + step.y - half, side, seen);
    const [alongX, alongY] = project(side);
    const x = (xy * alongY - yy * alongX) / worth;
    const y = (xy * alongX - xx * alongY) / worth;
    step.x += x;
    step.y += y;
    if (x * x + y * y < STILL * STILL) break;
  }
  return step;
}

/** The model's gradients, and the sums of their products. @returns {[number, number, number]} */
function slopes(/** @type {number} */ side) {
  let [xx, xy, yy] = [0, 0, 0];
  for (let row = 0, at = 0; row < side; row += 1) {
    for (let from = (row + 1) * (side + 2) + 1, end = from + side; from < end; from += 1, at += 1) {
      const x = across[at] = (model[from + 1] - model[from - 1]) / 2;
      const y = down[at] = (model[from + side + 2] - model[from - side - 2]) / 2;
      xx += x * x;
      xy += x * y;
      yy += y * y;
    }
  }
  return [xx, xy, yy];
}

/** The difference of window and model, projected on the model's gradients. @returns {[number, number]} */
function project(/** @type {number} */ side) {
  let [x, y] = [0, 0];
  for (let row = 0, at = 0; row < side; row += 1) {
    for (let from = (row + 1) * (side + 2) + 1, end = from + side; from < end; from += 1, at += 1) {
      const off = seen[at] - model[from];
      x += off * across[at];
      y += off * down[at];
    }
  }
  return [x, y];
}

/**
 * Samples a square of `side` values from (left, top), bilinearly; the border is repeated.
 * @param {Grey} picture @param {number} left @param {number} top @param {number} side @param {Float32Array} into
 */
function read({data, width, height}, left, top, side, into) {
  const x = Math.floor(left);
  const y = Math.floor(top);
  const right = left - x;
  const low = top - y;
  if (x >= 0 && y >= 0 && x + side < width && y + side < height) {
    for (let row = 0, to = 0; row < side; row += 1) {
      for (let at = (y + row) * width + x, end = at + side; at < end; at += 1, to += 1) {
        const above = data[at] + right * (data[at + 1] - data[at]);
        const below = data[at + width] + right * (data[at + width + 1] - data[at + width]);
        into[to] = above + low * (below - above);
      }
    }
    return;
  }
  for (let row = 0, to = 0; row < side; row += 1) {
    const upper = within(y + row, height) * width;
    const lower = within(y + row + 1, height) * width;
    for (let column = 0; column < side; column += 1, to += 1) {
      const near = within(x + column, width);
      const far = within(x + column + 1, width);
      const above = data[upper + near] + right * (data[upper + far] - data[upper + near]);
      const below = data[lower + near] + right * (data[lower + far] - data[lower + near]);
      into[to] = above + low * (below - above);
    }
  }
}

const within = (/** @type {number} */ at, /** @type {number} */ size) => at < 0 ? 0 : at >= size ? size - 1 : at;
