/**
 * Fades the correction out as the results used for a frame grow old, by the rule of relay/media/freshness.py. Ages are
 * in frames of the camera, times in seconds of its clock; no clock is read.
 *
 * @typedef {{landmarks: number, field: number, oldest: number}} Ages oldest: the larger age, seconds
 * @typedef {{maxLandmarkAge: number, maxFieldAge: number}} Limits frames
 */

/** Duration of a fade from full correction to none, or back; seconds. */
const FADE = 0.15;

/** Older results would be misplaced, so they are dropped without a fade; seconds. */
const LONGEST = 0.5;

/**
 * The relay's own limits, which are 4 and 6, plus four frames for the network: a round trip of 100 ms, and one frame
 * being encoded. Head motion is compensated from frame to frame; what becomes outdated is the gaze direction.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({maxLandmarkAge: 9, maxFieldAge: 10});

/** The share of the correction that is shown: rises to 1 while the ages are within the limits, else falls to 0. */
export class Fade {
  #share = 1;
  #time = -Infinity;

  /** @param {Limits} limits may be changed at any time */
  constructor(limits) {
    this.limits = limits;
  }

  /** The share, 0..1, for the frame of this time; call in frame order. @param {Ages} ages @param {number} time */
  share(ages, time) {
    const step = Math.max(time - this.#time, 0) / FADE;
    this.#time = time;
    const {maxLandmarkAge, maxFieldAge} = this.limits;
    const fresh = ages.landmarks <= maxLandmarkAge && ages.field <= maxFieldAge;
    if (Math.abs(ages.oldest) > LONGEST) this.#share = 0;
    else if (fresh) this.#share = Math.min(1, this.#share + step);
    else this.#share = Number.isFinite(step) ? Math.max(0, this.#share - step) : 0;
    return this.#share;
  }
}
