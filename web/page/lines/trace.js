/**
 * The recent trace of the pipeline's lines (stages), on this page's clock: the relay's `trace` messages and, where this
 * browser warps, its own spans and shown frames. Knows nothing of how it is drawn.
 *
 * @typedef {'landmarks' | 'field' | 'warp'} Line
 * @typedef {{line: Line, frame: number, begin: number, end: number}} Span a line's work on a frame
 * @typedef {{frame: number, at: number, landmarks: number | null, field: number | null, verdict: string}} Shown
 *   a frame that was shown, and the frames whose results it used
 * @typedef {{now: number, spans: [Line, number, number, number][],
 *   shown: [number, number, number | null, number | null, string][]}} TraceMessage in seconds of the relay's clock
 * @typedef {{spans: Span[], shown: Shown[]}} LocalTrace of this browser, which numbers the camera's frames itself
 * @typedef {{landmarks: number, field: number}} Ages in frames
 */

/** Older entries are dropped, milliseconds. */
const KEEP_MS = 2500;

/** Ages are medians over the frames shown in this time, milliseconds. */
const AGES_MS = 1000;

/**
 * The offset between the clocks is taken from the message with the least delay. Clocks drift and routes change, so with
 * each message that minimum is raised by this, milliseconds.
 */
const DRIFT_MS = 0.4;

/** Number of frames over which this browser's numbering and the relay's are compared: either may miss frames. */
const COMPARED = 15;

export class Trace {
  #clockOffset = Infinity;
  /** @type {number[]} the relay's frame number minus this browser's, most recent last */
  #frameOffsets = [];
  /** @type {LocalTrace} entries later than the relay's latest message */
  #pending = {spans: [], shown: []};
  /** @type {Span[]} ordered by their ends */
  spans = [];
  /** @type {Shown[]} */
  shown = [];

  /**
   * Adds the relay's message.
   * @param {TraceMessage} message
   * @param {number} now milliseconds of this page's clock
   * @returns {number} the time until which it reports
   */
  add({now: then, spans, shown}, now) {
    this.#clockOffset = Math.min(now - 1000 * then, this.#clockOffset + DRIFT_MS);
    for (const [line, frame, begin, end] of spans) {
      this.addSpan({line, frame, begin: this.#toPageTime(begin), end: this.#toPageTime(end)});
    }
    for (const [frame, at, landmarks, field, verdict] of shown) {
      this.addShown({frame, at: this.#toPageTime(at), landmarks, field, verdict});
    }
    this.#dropBefore(now - KEEP_MS);
    return this.#toPageTime(then);
  }

  /** Adds a span. */
  addSpan(/** @type {Span} */ span) {
    this.spans.push(span);
  }

  /** Adds a shown frame. */
  addShown(/** @type {Shown} */ shown) {
    this.shown.push(shown);
  }

  /**
   * Adds what this browser has warped and shown, with the relay's frame numbers.
   * @param {LocalTrace} local
   * @param {number} until milliseconds; later entries wait for the relay's next message
   */
  join({spans, shown}, until) {
    const pending = {spans: [...this.#pending.spans, ...spans], shown: [...this.#pending.shown, ...shown]};
    for (const one of pending.shown) if (one.at <= until) this.#joinShown(one);
    for (const one of pending.spans) if (one.end <= until) this.addSpan({...one, frame: this.#renumber(one.frame)});
    this.#pending = {
      spans: pending.spans.filter(({end}) => end > until), shown: pending.shown.filter(({at}) => at > until),
    };
  }

  /** A frame is mostly shown with the newest landmarks of that time: that gives their number in both numberings. */
  #joinShown(/** @type {Shown} */ one) {
    const newest = this.spans.findLast(({line, end}) => line === 'landmarks' && end <= one.at);
    if (newest && one.landmarks !== null) this.#frameOffsets.push(newest.frame - one.landmarks);
    if (this.#frameOffsets.length > COMPARED) this.#frameOffsets.shift();
    const used = (/** @type {number | null} */ frame) => frame === null ? null : this.#renumber(frame);
    this.addShown({...one, frame: this.#renumber(one.frame), landmarks: used(one.landmarks), field: used(one.field)});
  }

  #renumber(/** @type {number} */ frame) {
    return frame + (median([...this.#frameOffsets]) ?? 0);
  }

  /** Drops everything: the relay has changed or is disconnected. */
  clear() {
    this.#clockOffset = Infinity;
    this.#pending = {spans: [], shown: []};
    this.#frameOffsets = [];
    this.spans = [];
    this.shown = [];
  }

  /**
   * The latest span of a line for a frame, if it is still kept.
   * @param {Line} line @param {number | null} frame
   */
  find(line, frame) {
    return this.spans.findLast((span) => span.frame === frame && span.line === line);
  }

  /**
   * How old the results are that frames are shown with: the median of the last second; null where no frame was shown
   * with any.
   * @param {number} now
   * @returns {Ages | null}
   */
  ages(now) {
    const recent = this.shown.filter(({at}) => at > now - AGES_MS);
    const landmarks = median(recent.flatMap(({frame, landmarks}) => landmarks === null ? [] : [frame - landmarks]));
    const field = median(recent.flatMap(({frame, field}) => field === null ? [] : [frame - field]));
    return landmarks === undefined || field === undefined ? null : {landmarks, field};
  }

  /** Converts a time of the relay's clock to this page's. */
  #toPageTime(/** @type {number} */ seconds) {
    return 1000 * seconds + this.#clockOffset;
  }

  #dropBefore(/** @type {number} */ before) {
    this.spans = this.spans.filter(({end}) => end > before);
    this.shown = this.shown.filter(({at}) => at > before);
  }
}

const median = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[values.length >> 1];
