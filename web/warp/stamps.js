/**
 * Matches RTP timestamps to the camera's frames. RTP's video clock runs at 90 kHz from an arbitrary origin; a frame's
 * own time is on the camera's clock. The offset between the two is constant, and is estimated in two steps:
 *
 * 1. Roughly, from arrival times: no frame is sent before it was captured, so over many frames the one with the least
 *    delay gives the offset up to that delay. Best measured when frames leave the encoder (RTCRtpScriptTransform
 *    reports that; its metadata hold no capture time), else when the relay's packets arrive, less the round trip.
 * 2. Exactly: no camera keeps its interval to a tenth of a millisecond, so among the offsets near the rough one the
 *    right one is that with which the timestamps coincide with frames. Rounding (1 ms in Chromium) is averaged out.
 *
 * Pure arithmetic: times are passed in. In milliseconds: `time` of the camera's clock, `at` of the page's.
 */

const TICKS = 90; // per millisecond

/** How many frames, and how many timestamps, are kept. */
const FRAMES = 64;
const MARKS = 90;

/** A timestamp within this distance matches a frame, milliseconds: the clocks are rounded. */
const TOLERANCE = 8;

/** Minimum number of timestamps for an estimate. */
const MIN_MARKS = 4;

/** Minimum time from the capture of a frame until it is encoded, and until the relay sends a packet about it. */
const MIN_ENCODING = 4;
const MIN_REPLY = 20;

/** Errors of the first estimate that are tried, in frames. */
const OFFSETS = [-1, 1, -2, 2, -3, 3];

/**
 * Another offset is adopted if this many timestamps coincide with frames, with an error smaller by this factor, this
 * often in a row.
 */
const MIN_MATCHES = 24;
const MIN_GAIN = 1.5;
const CONFIRMATIONS = 12;

/** Distance in frames between the offset and the rough estimate at which the latter is adopted. */
const MAX_DRIFT = 4;

/** Limit of a timestamp's error, milliseconds: a more distant one may belong to a dropped frame. */
const OUTLIER = 8;

/** @typedef {{ms: number, at: number}} Mark an RTP timestamp, unwrapped, in milliseconds; and when it was seen */

export class Stamps {
  /** @type {{time: number, at: number}[]} */
  #frames = [];
  /** @type {{rtp: Mark[], time: Mark[]}} */
  #marks = {rtp: [], time: []};
  /** @type {{rtp: number, ms: number} | undefined} */
  #last;
  /** @type {number | undefined} */
  #constant;
  #trip = 0;
  #confirmations = 0;

  /** How frames are matched: by encoder output, by packets' arrival, or not yet. @returns {'rtp' | 'time' | 'none'} */
  get kind() {
    if (this.#constant === undefined) return 'none';
    return this.#marks.rtp.length >= MIN_MARKS ? 'rtp' : 'time';
  }

  /** A frame has arrived from the camera. */
  frame(/** @type {number} */ time, /** @type {number} */ at) {
    this.#frames.push({time, at});
    if (this.#frames.length > FRAMES) this.#frames.shift();
  }

  /** A frame has left the encoder. */
  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#mark(this.#marks.rtp, rtp, at);
  }

  /** A packet about this frame has arrived. */
  received(/** @type {number} */ rtp, /** @type {number} */ at) {
    if (this.#marks.rtp.length < MIN_MARKS) this.#mark(this.#marks.time, rtp, at);
  }

  /** A measured round trip time. */
  trip(/** @type {number} */ milliseconds) {
    this.#trip = this.#trip ? Math.min(milliseconds, this.#trip + 1) : milliseconds;
  }

  /** Another connection: its RTP clock has another origin. */
  reset() {
    this.#marks = {rtp: [], time: []};
    this.#last = this.#constant = undefined;
    this.#trip = this.#confirmations = 0;
  }

  /** Another camera: its clock may differ. */
  change() {
    this.#frames = [];
    this.#marks = {rtp: [], time: []};
    this.#constant = undefined;
  }

  /**
   * The time of the frame that this timestamp matches; null if none is near enough.
   * @param {number} rtp
   * @param {number} tolerance milliseconds
   * @returns {number | null}
   */
  timeOf(rtp, tolerance = TOLERANCE) {
    if (this.#constant === undefined) return null;
    const time = this.#unwrap(rtp) - this.#constant;
    const frame = nearest(this.#frames, time);
    return frame && Math.abs(frame.time - time) <= tolerance ? frame.time : null;
  }

  #mark(/** @type {Mark[]} */ marks, /** @type {number} */ rtp, /** @type {number} */ at) {
    marks.push({ms: this.#unwrap(rtp), at});
    if (marks.length > MARKS) marks.shift();
    if (marks.length >= MIN_MARKS && this.#frames.length >= MIN_MARKS) this.#constant = this.#estimate();
  }

  /** Milliseconds, continued across the 32-bit wrap. */
  #unwrap(/** @type {number} */ rtp) {
    const ms = this.#last ? this.#last.ms + ((rtp - this.#last.rtp) | 0) / TICKS : 0;
    this.#last = {rtp, ms};
    return ms;
  }

  /** Keeps refining the known offset unless another one fits clearly better. */
  #estimate() {
    const {marks, rough} = this.#guess();
    const period = this.#period();
    const known = this.#constant !== undefined && Math.abs(this.#constant - rough) < MAX_DRIFT * period;
    const present = this.#fit(marks, known ? /** @type {number} */ (this.#constant) : rough);
    const others = OFFSETS.map((offset) => this.#fit(marks, present.constant + offset * period));
    const best = others.filter(({count}) => count >= MIN_MATCHES)
      .reduce((one, other) => other.off < one.off ? other : one, present);
    this.#confirmations = best.off * MIN_GAIN < present.off ? this.#confirmations + 1 : 0;
    if (this.#confirmations < CONFIRMATIONS) return present.constant;
    this.#confirmations = 0;
    return best.constant;
  }

  /** The rough offset from arrival times. */
  #guess() {
    const encoded = this.#marks.rtp.length >= MIN_MARKS;
    const marks = encoded ? this.#marks.rtp : this.#marks.time;
    const least = encoded ? MIN_ENCODING : MIN_REPLY + this.#trip;
    const clock = Math.min(...this.#frames.map(({time, at}) => at - time));
    return {marks, rough: Math.max(...marks.map(({ms, at}) => ms - (at - clock))) + least};
  }

  /** The offset near this one with which timestamps coincide with frames, and their mean error. */
  #fit(/** @type {Mark[]} */ marks, /** @type {number} */ rough) {
    const [from, to] = [this.#frames[0].time, /** @type {{time: number}} */ (this.#frames.at(-1)).time];
    const times = marks.map(({ms}) => ms - rough).filter((time) => time > from && time < to);
    if (times.length < MIN_MARKS) return {constant: rough, off: Infinity, count: 0};
    const steps = times.map((time) => time - /** @type {{time: number}} */ (nearest(this.#frames, time)).time);
    const usual = median(steps);
    const off = steps.reduce((sum, step) => sum + Math.min(Math.abs(step - usual), OUTLIER), 0) / steps.length;
    return {constant: rough + usual, off, count: times.length};
  }

  /** Frame interval, milliseconds. */
  #period() {
    return median(this.#frames.slice(1).map(({time}, i) => time - this.#frames[i].time)) || 1000 / 30;
  }
}

/** @template {{time: number}} T @param {T[]} frames by their times @param {number} time @returns {T | undefined} */
function nearest(frames, time) {
  return frames.reduce((/** @type {T | undefined} */ best, one) =>
    best && Math.abs(best.time - time) <= Math.abs(one.time - time) ? best : one, undefined);
}

function median(/** @type {number[]} */ values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
