/**
 * What the lines have done lately, on this page's clock: the relay's `trace` messages and, where this browser warps,
 * what it has shown itself. Knows nothing of how it is drawn.
 *
 * @typedef {'landmarks' | 'field' | 'warp'} Line
 * @typedef {{line: Line, frame: number, begin: number, end: number}} Span who worked on which frame when
 * @typedef {{frame: number, at: number, landmarks: number | null, field: number | null, verdict: string}} Shown
 *   a frame that was shown, and the frames whose results it used
 * @typedef {{now: number, spans: [Line, number, number, number][],
 *   shown: [number, number, number | null, number | null, string][]}} TraceMessage seconds of the relay's clock
 * @typedef {{spans: Span[], shown: Shown[]}} Told by this browser, which counts the camera's frames in its own way
 * @typedef {{landmarks: number, field: number}} Ages in frames
 */

/** What is older is forgotten, milliseconds. */
const KEPT_MS = 2500;

/** The ages told are those of the frames shown in this time, milliseconds. */
const TOLD_MS = 1000;

/**
 * The quickest message tells best how the clocks differ. Clocks drift, and ways get longer: by this many milliseconds
 * a message the quickest one is believed less.
 */
const DOUBT_MS = 0.4;

/** Frames by which this browser's count and the relay's are compared: either may miss one at any time. */
const COMPARED = 15;

export class Trace {
  #difference = Infinity;
  /** @type {number[]} how much farther the relay has counted than this browser, as it looked lately */
  #aheads = [];
  /** @type {Told} what the relay's messages do not reach yet */
  #waiting = {spans: [], shown: []};
  /** @type {Span[]} by their ends, as a line's work is told when it is done */
  spans = [];
  /** @type {Shown[]} */
  shown = [];

  /**
   * Takes in what the relay tells.
   * @param {TraceMessage} message
   * @param {number} now milliseconds of this page's clock
   * @returns {number} the time that it tells until
   */
  hear({now: then, spans, shown}, now) {
    this.#difference = Math.min(now - 1000 * then, this.#difference + DOUBT_MS);
    for (const [line, frame, begin, end] of spans) {
      this.note({line, frame, begin: this.#localCorrection(begin), end: this.#localCorrection(end)});
    }
    for (const [frame, at, landmarks, field, verdict] of shown) {
      this.show({frame, at: this.#localCorrection(at), landmarks, field, verdict});
    }
    this.#forget(now - KEPT_MS);
    return this.#localCorrection(then);
  }

  /** One more piece of work. */
  note(/** @type {Span} */ span) {
    this.spans.push(span);
  }

  /** One more frame shown. */
  show(/** @type {Shown} */ shown) {
    this.shown.push(shown);
  }

  /**
   * Takes in what this browser has warped and shown, in the relay's numbers.
   * @param {Told} told
   * @param {number} until milliseconds; later ones wait for what the relay has yet to tell
   */
  join({spans, shown}, until) {
    const waiting = {spans: [...this.#waiting.spans, ...spans], shown: [...this.#waiting.shown, ...shown]};
    for (const one of waiting.shown) if (one.at <= until) this.#joinShown(one);
    for (const one of waiting.spans) if (one.end <= until) this.note({...one, frame: this.#renumber(one.frame)});
    this.#waiting = {
      spans: waiting.spans.filter(({end}) => end > until), shown: waiting.shown.filter(({at}) => at > until),
    };
  }

  /** The landmarks that a frame was shown with were mostly the newest by then: so their number in both counts is known. */
  #joinShown(/** @type {Shown} */ one) {
    const newest = this.spans.findLast(({line, end}) => line === 'landmarks' && end <= one.at);
    if (newest && one.landmarks !== null) this.#aheads.push(newest.frame - one.landmarks);
    if (this.#aheads.length > COMPARED) this.#aheads.shift();
    const used = (/** @type {number | null} */ frame) => frame === null ? null : this.#renumber(frame);
    this.show({...one, frame: this.#renumber(one.frame), landmarks: used(one.landmarks), field: used(one.field)});
  }

  #renumber(/** @type {number} */ frame) {
    return frame + (middle([...this.#aheads]) ?? 0);
  }

  /** Another relay, or none. */
  clear() {
    this.#difference = Infinity;
    this.#waiting = {spans: [], shown: []};
    this.#aheads = [];
    this.spans = [];
    this.shown = [];
  }

  /**
   * The latest work of a line on a frame, if it is not forgotten.
   * @param {Line} line @param {number | null} frame
   */
  find(line, frame) {
    return this.spans.findLast((span) => span.frame === frame && span.line === line);
  }

  /**
   * How old the results are that frames are shown with: the middle one of the ages of the last second; null where no
   * frame was shown with any.
   * @param {number} now
   * @returns {Ages | null}
   */
  ages(now) {
    const recent = this.shown.filter(({at}) => at > now - TOLD_MS);
    const landmarks = middle(recent.flatMap(({frame, landmarks}) => landmarks === null ? [] : [frame - landmarks]));
    const field = middle(recent.flatMap(({frame, field}) => field === null ? [] : [frame - field]));
    return landmarks === undefined || field === undefined ? null : {landmarks, field};
  }

  /** A time of the relay's clock on this page's. */
  #localCorrection(/** @type {number} */ seconds) {
    return 1000 * seconds + this.#difference;
  }

  #forget(/** @type {number} */ before) {
    this.spans = this.spans.filter(({end}) => end > before);
    this.shown = this.shown.filter(({at}) => at > before);
  }
}

const middle = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[values.length >> 1];
