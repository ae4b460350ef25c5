/**
 * Decides which frames are shown: the camera's own until the first corrected frame arrives, and again when none has
 * arrived for a while. Time is the camera's: a busy machine delays the camera as well, so a delay is not taken for a
 * timeout. Knows nothing of the frames themselves.
 */

/** The camera's own frames are shown after this time, and this many of them, without a corrected one. */
const TIMEOUT_US = 600_000;
const TIMEOUT_FRAMES = 4;

/** At a low frame rate of corrected frames the timeout is this many mean gaps between them, up to the maximum. */
const TIMEOUT_GAPS = 4;
const MAX_TIMEOUT_US = 3_000_000;

/** Weight of a new gap in the exponential average. */
const SMOOTHING = 0.3;

/** Minimum between two timestamps: a sender takes closer ones for the same frame. */
const MIN_STEP_US = 1000;

/** @typedef {'raw' | 'corrected'} Showing */

export class Switch {
  #offered = false;
  #latest = 0;
  #correctedAt = 0;
  #missed = 0;
  /** Mean time between two corrected frames; 0 until two have arrived. */
  #gap = 0;
  #hasCorrected = false;
  /** @type {Showing} */
  showing = 'raw';
  /** Corrected frames received. */
  count = 0;

  /** A new source of corrected frames; until its first one the camera's own frames are shown. */
  offer() {
    this.#offered = true;
    this.#gap = 0;
    this.#hasCorrected = false;
    this.showing = 'raw';
  }

  /** Removes the source: corrected frames are ignored from now on. */
  withdraw() {
    this.#offered = false;
    this.showing = 'raw';
  }

  /** A frame of the camera has arrived. @param {number} time microseconds @returns {boolean} whether to show it */
  raw(time) {
    this.#missed += 1;
    this.#latest = time;
    if (time < this.#correctedAt) this.#correctedAt = time; // another camera, with another clock
    const silent = this.#missed >= TIMEOUT_FRAMES && time - this.#correctedAt >= this.#timeout;
    if (silent) this.showing = 'raw';
    return this.showing === 'raw';
  }

  /** A corrected frame has arrived. @returns {boolean} whether to show it */
  corrected() {
    if (!this.#offered) return false;
    this.count += 1;
    this.#missed = 0;
    const gap = Math.min(MAX_TIMEOUT_US, this.#latest - this.#correctedAt);
    if (this.#hasCorrected) this.#gap += SMOOTHING * (gap - this.#gap);
    this.#hasCorrected = true;
    this.#correctedAt = this.#latest;
    this.showing = 'corrected';
    return true;
  }

  get #timeout() {
    return Math.min(MAX_TIMEOUT_US, Math.max(TIMEOUT_US, TIMEOUT_GAPS * this.#gap));
  }
}

/** Time of received frames by their RTP timestamps (90 kHz, 32 bits) if present: only those advance evenly. */
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

/** One monotonic timeline for several sources with clocks of different origin. Microseconds. */
export class Timeline {
  /** @type {unknown} */
  #source;
  #offset = 0;
  /** The newest frame's timestamp, and when it was assigned. */
  last;
  at;

  /** @param {number} last of a timeline to continue @param {number} at */
  constructor(last = -Infinity, at = 0) {
    this.last = last;
    this.at = at;
  }

  /**
   * The timestamp of a frame: its distance from the previous one is that of its source, or of the clock if the source
   * has changed. Always later than the previous one. The camera's own timestamps are kept if they are.
   * @param {unknown} source @param {number} time of the frame @param {number} now @param {boolean} own the camera's
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
