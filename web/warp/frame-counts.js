/**
 * Counts the frames that were warped, or not, in this browser; in the format of the relay's `stats` message
 * (docs/api.md), so that one page can show either. Knows nothing of frames. Times are passed in, in milliseconds.
 *
 * @typedef {{p50: number, p95: number}} Spread
 * @typedef {{landmarks: number, field: number}} FrameAges
 * @typedef {{frame: number, at: number, landmarks: number | null, field: number | null, verdict: string}} Shown
 *   an output frame, and the frames whose results it used; numbers of the camera's frames, times of the page's clock
 * @typedef {{line: 'warp', frame: number, begin: number, end: number}} Span
 */

/** Time window of rates and percentiles. */
const WINDOW_MS = 5000;

/** Frames kept one by one for the timeline display. */
const MAX_TRACED = 60;

export class FrameCounts {
  /** @type {{at: number, name: string, value: number}[]} */
  #samples = [];
  /** @type {{spans: Span[], shown: Shown[]}} */
  #trace = {spans: [], shown: []};
  frames = {in: 0, out: 0, dropped: 0, corrected: 0, passed: /** @type {Record<string, number>} */ ({})};
  packets = {landmarks: 0, fields: 0, lost: 0, late: 0, malformed: 0, unmatched: 0};

  /** A frame has arrived from the camera. */
  arrive(/** @type {number} */ at) {
    this.frames.in += 1;
    this.record('in', 1, at);
  }

  /** A frame was dropped for a newer one. */
  drop() {
    this.frames.dropped += 1;
  }

  /**
   * A frame was output.
   * @param {Shown} shown
   * @param {number} arrived when it arrived
   * @param {number} begun when its processing began
   */
  depart(shown, arrived, begun) {
    const {frame, at, landmarks, field, verdict} = shown;
    this.frames.out += 1;
    this.record('out', 1, at);
    this.record('delay', at - arrived, at);
    if (landmarks !== null) this.record('landmarks', frame - landmarks, at);
    if (field !== null) this.record('field', frame - field, at);
    if (verdict === 'corrected') this.frames.corrected += 1;
    else this.frames.passed[verdict] = (this.frames.passed[verdict] ?? 0) + 1;
    if (verdict === 'corrected') this.#trace.spans.push({line: 'warp', frame, begin: begun, end: at});
    if (verdict === 'corrected') this.record('warp', at - begun, at);
    this.#trace.shown.push(shown);
    for (const list of [this.#trace.spans, this.#trace.shown]) if (list.length > MAX_TRACED) list.shift();
  }

  /** Records one sample of a metric. @param {string} name @param {number} value @param {number} at */
  record(name, value, at) {
    this.#samples.push({at, name, value});
  }

  /** The frames output since the last call. */
  takeTrace() {
    const trace = this.#trace;
    this.#trace = {spans: [], shown: []};
    return trace;
  }

  /** All metrics. @param {number} now */
  report(now) {
    this.#samples = this.#samples.filter(({at}) => at > now - WINDOW_MS);
    const spread = (/** @type {string} */ name) => spreadOf(this.#values(name));
    return {
      fps_in: this.#rate('in', now), fps_out: this.#rate('out', now),
      frames: {...this.frames, passed: {...this.frames.passed}},
      packets: {...this.packets},
      delay_ms: spread('delay'),
      stages_ms: present({warp: spread('warp')}),
      age_frames: present({landmarks: spread('landmarks'), field: spread('field')}),
    };
  }

  #values(/** @type {string} */ wanted) {
    return this.#samples.filter(({name}) => name === wanted).map(({value}) => value);
  }

  /** Events per second over the window, or since the first event. */
  #rate(/** @type {string} */ wanted, /** @type {number} */ now) {
    const times = this.#samples.filter(({name}) => name === wanted).map(({at}) => at);
    return times.length > 1 ? 1000 * times.length / Math.max(now - times[0], 1) : 0;
  }
}

/** @param {number[]} values @returns {Spread | null} null if there are none */
export function spreadOf(values) {
  if (!values.length) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {p50: at(0.5), p95: at(0.95)};
}

/** Removes absent entries. @param {Record<string, Spread | null>} spreads @returns {Record<string, Spread>} */
function present(spreads) {
  const there = Object.entries(spreads).filter(([, spread]) => spread);
  return /** @type {Record<string, Spread>} */ (Object.fromEntries(there));
}
