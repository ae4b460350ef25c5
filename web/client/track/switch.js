/**
 * Which pictures are shown: the camera's own, or those that are corrected. The camera's go on until the first corrected
 * one is there, and again when none has come for a while. Time is the camera's: where a busy machine holds up
 * everything, the camera is held up as well, and nothing is taken for silence. Knows nothing of frames.
 */

/** Without a corrected picture for so long, and for so many pictures of the camera, the camera's own are shown. */
const TIMEOUT_US = 600_000;
const TIMEOUT_FRAMES = 4;

/** Where corrected ones come at a slower pace, so many of their usual gaps are no silence yet; up to the longest one. */
const TIMEOUT_GAPS = 4;
const MAX_TIMEOUT_US = 3_000_000;

/** How fast the usual gap follows. */
const SMOOTHING = 0.3;

/** Between two pictures: what is closer together a sender takes for one and the same. */
const MIN_STEP_US = 1000;

/** @typedef {'raw' | 'corrected'} Showing */

export class Switch {
  #offered = false;
  #latest = 0;
  #correctedAt = 0;
  #missed = 0;
  /** Usual time between two corrected pictures; 0 until two have come. */
  #gap = 0;
  #hasCorrected = false;
  /** @type {Showing} */
  showing = 'raw';
  /** Corrected pictures that have come. */
  count = 0;

  /** Corrected pictures may come, of another origin than before; until the first is there the camera's own are shown. */
  offer() {
    this.#offered = true;
    this.#gap = 0;
    this.#hasCorrected = false;
    this.showing = 'raw';
  }

  /** No more corrected pictures, whatever still comes. */
  withdraw() {
    this.#offered = false;
    this.showing = 'raw';
  }

  /** The camera's next picture has come. @param {number} time microseconds @returns {boolean} whether to show it */
  raw(time) {
    this.#missed += 1;
    this.#latest = time;
    if (time < this.#correctedAt) this.#correctedAt = time; // another camera, with another clock
    const silent = this.#missed >= TIMEOUT_FRAMES && time - this.#correctedAt >= this.#timeout;
    if (silent) this.showing = 'raw';
    return this.showing === 'raw';
  }

  /** A corrected one has come. @returns {boolean} whether to show it */
  corrected() {
    if (!this.#offered) return false;
    this.count += 1;
    this.#missed = 0;
    if (this.#hasCorrected) this.#gap += SMOOTHING * (Math.min(MAX_TIMEOUT_US, this.#latest - this.#correctedAt) - this.#gap);
    this.#hasCorrected = true;
    this.#correctedAt = this.#latest;
    this.showing = 'corrected';
    return true;
  }

  get #timeout() {
    return Math.min(MAX_TIMEOUT_US, Math.max(TIMEOUT_US, TIMEOUT_GAPS * this.#gap));
  }
}

/** The time of received pictures by their RTP timestamps (90 kHz, 32 bits), where there are any: it alone runs evenly. */
export class RtpClock {
  /** @type {number | undefined} */
  #rtp;
  #time = 0;

  /** Microseconds since the first. @param {number | undefined} rtp @param {number} otherwise */
  time(rtp, otherwise) {
    if (rtp === undefined) return otherwise;
    this.#time += (rtp - (this.#rtp ?? rtp) | 0) / 0.09;
    this.#rtp = rtp;
    return this.#time;
  }
}

/** One line of time through several sources, each of which counts from a moment of its own. Microseconds. */
export class Timeline {
  /** @type {unknown} */
  #source;
  #offset = 0;
  /** The newest picture's place, and when it was placed. */
  last;
  at;

  /** @param {number} last of a line that is to go on @param {number} at */
  constructor(last = -Infinity, at = 0) {
    this.last = last;
    this.at = at;
  }

  /**
   * When a picture is shown: as far from the one before as its source says; where the source is another one, as the
   * clock says. Always later than the one before. The camera's own time is kept wherever that is so.
   * @param {unknown} source @param {number} time of the picture @param {number} now @param {boolean} own the camera's
   */
  place(source, time, now, own) {
    if (own && time > this.last) this.#offset = 0;
    else if (source !== this.#source) this.#offset = this.last === -Infinity ? 0 : this.last + now - this.at - time;
    this.#source = source;
    this.at = now;
    this.last = Math.max(this.last + MIN_STEP_US, Math.round(time + this.#offset));
    return this.last;
  }
}
