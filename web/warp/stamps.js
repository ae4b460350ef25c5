/**
 * Which of the camera's frames is meant by an RTP timestamp. RTP's video clock ticks 90,000 times a second and begins
 * anywhere; a frame's own time is on the camera's clock. Between the two lies one constant, found in two steps:
 *
 * 1. Roughly, from arrivals: no frame can have been sent before it was captured, so of many frames the one that was
 *    fastest tells the constant up to its own delay. Best is when the frames leave the encoder (RTCRtpScriptTransform
 *    tells; its metadata hold no capture time), else when the relay's packets come, less the round trip.
 * 2. Exactly: no camera keeps its pace to the tenth of a millisecond, so of all constants near the rough one that is
 *    right with which the timestamps fall on frames. Rounding of the clocks (1 ms in Chromium) is averaged out.
 *
 * Pure arithmetic: clocks are handed in. Times in milliseconds: `time` of the camera's clock, `at` of the page's.
 */

const TICKS = 90; // a millisecond

/** How many frames, and how many timestamps, are remembered. */
const FRAMES = 64;
const MARKS = 90;

/** A timestamp that falls so near a frame names it, milliseconds: rounded clocks, not another frame. */
const TOLERANCE = 8;

/** Fewer timestamps tell nothing. */
const MIN_MARKS = 4;

/** The least time from the capture of a frame until it is encoded, and until a packet about it is on its way. */
const MIN_ENCODING = 4;
const MIN_REPLY = 20;

/** Frames by which the constant may be wrong at first, to either side. */
const OFFSETS = [-1, 1, -2, 2, -3, 3];

/** Another constant is believed where so many timestamps fall on frames so many times better, so often in a row. */
const MIN_MATCHES = 24;
const MIN_GAIN = 1.5;
const CONFIRMATIONS = 12;

/** Frames between the constant and the rough one, at which the latter is believed. */
const MAX_DRIFT = 4;

/** One that is farther from any frame may name one that was dropped: it says no more than this, milliseconds. */
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

  /** How frames are told: by what leaves the encoder, by packets, or not yet. @returns {'rtp' | 'time' | 'none'} */
  get kind() {
    if (this.#constant === undefined) return 'none';
    return this.#marks.rtp.length >= MIN_MARKS ? 'rtp' : 'time';
  }

  /** A frame came from the camera. */
  frame(/** @type {number} */ time, /** @type {number} */ at) {
    this.#frames.push({time, at});
    if (this.#frames.length > FRAMES) this.#frames.shift();
  }

  /** A frame left the encoder. */
  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#mark(this.#marks.rtp, rtp, at);
  }

  /** A packet came that was made from this frame. */
  received(/** @type {number} */ rtp, /** @type {number} */ at) {
    if (this.#marks.rtp.length < MIN_MARKS) this.#mark(this.#marks.time, rtp, at);
  }

  /** A message to the relay and back took so long. */
  trip(/** @type {number} */ milliseconds) {
    this.#trip = this.#trip ? Math.min(milliseconds, this.#trip + 1) : milliseconds;
  }

  /** Another connection: its clock begins elsewhere. */
  reset() {
    this.#marks = {rtp: [], time: []};
    this.#last = this.#constant = undefined;
    this.#trip = this.#confirmations = 0;
  }

  /** Another camera: its clock may be another. */
  change() {
    this.#frames = [];
    this.#marks = {rtp: [], time: []};
    this.#constant = undefined;
  }

  /**
   * The time of the frame that this timestamp names; null where there is none so near.
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

  /** Milliseconds, going on where the 32 bits begin anew. */
  #unwrap(/** @type {number} */ rtp) {
    const ms = this.#last ? this.#last.ms + ((rtp - this.#last.rtp) | 0) / TICKS : 0;
    this.#last = {rtp, ms};
    return ms;
  }

  /** Goes on with the constant that is known, as long as nothing speaks against it. */
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

  /** The constant as arrivals tell it. */
  #guess() {
    const encoded = this.#marks.rtp.length >= MIN_MARKS;
    const marks = encoded ? this.#marks.rtp : this.#marks.time;
    const least = encoded ? MIN_ENCODING : MIN_REPLY + this.#trip;
    const clock = Math.min(...this.#frames.map(({time, at}) => at - time));
    return {marks, rough: Math.max(...marks.map(({ms, at}) => ms - (at - clock))) + least};
  }

  /** The constant near this one with which timestamps fall on frames, and how far off they are then on the average. */
  #fit(/** @type {Mark[]} */ marks, /** @type {number} */ rough) {
    const [from, to] = [this.#frames[0].time, /** @type {{time: number}} */ (this.#frames.at(-1)).time];
    const times = marks.map(({ms}) => ms - rough).filter((time) => time > from && time < to);
    if (times.length < MIN_MARKS) return {constant: rough, off: Infinity, count: 0};
    const steps = times.map((time) => time - /** @type {{time: number}} */ (nearest(this.#frames, time)).time);
    const usual = median(steps);
    const off = steps.reduce((sum, step) => sum + Math.min(Math.abs(step - usual), OUTLIER), 0) / steps.length;
    return {constant: rough + usual, off, count: times.length};
  }

  /** Milliseconds between two frames. */
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
