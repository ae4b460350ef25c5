/**
 * How old the results are that a picture is shown with, and how much of a correction that leaves, by the rule of
 * relay/media/freshness.py. Ages are in frames of the camera, times in seconds of its clock; no clock is read.
 *
 * @typedef {{landmarks: number, field: number, oldest: number}} Ages oldest: of the two, seconds
 * @typedef {{maxLandmarkAge: number, maxFieldAge: number}} Limits frames
 */

/** From the whole correction to none, and back; seconds. */
const FADE = 0.15;

/** Anything older would be put beside the eyes, so it is not even faded out; seconds. */
const LONGEST = 0.5;

/**
 * The relay's own limits, which are 4 and 6, and four frames for the way there and back: a round trip of 100 ms, and
 * one frame that is being encoded. Heads are carried forward from frame to frame; what grows old is the glance.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({maxLandmarkAge: 9, maxFieldAge: 10});

/** The share of the correction that is shown: whole while the ages are within the limits, else going to none. */
export class Fade {
  #share = 1;
  #time = -Infinity;

  /** @param {Limits} limits may be replaced at any time */
  constructor(limits) {
    this.limits = limits;
  }

  /** The share, 0..1, for the frame of this time; frames come in order. @param {Ages} ages @param {number} time */
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
