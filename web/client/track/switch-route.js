/**
 * The frames of the library's track: reads the camera's frames and those the relay returns, and writes one or the other
 * with unchanged pixels. Nothing queues here, and nothing is drawn. Runs on any thread.
 *
 * @typedef {{last: number, at: number, raw: number, corrected: number, dropped: number, count: number}} RouteState
 * @typedef {{showing: import('./switch.js').Showing, count: number, raw: number, corrected: number, dropped: number,
 *   ended: boolean}} Report count: corrected frames received; raw, corrected, dropped: frames shown, and
 *   not; ended: the output is closed
 */

import {now} from '../../workers/clock.js';
import {RtpClock, Switch, Timeline} from './switch.js';

/** Between two reports, milliseconds; a change of source is reported at once. */
const REPORT_MS = 100;

/** Frames that may be queued at the output; late frames arrive in bursts. */
const MAX_QUEUED = 3;

/** @typedef {import('./switch.js').Showing} Showing */

export class SwitchRoute {
  #writable;
  #writer;
  #report;
  #timer;
  #switch = new Switch();
  #timeline;
  #rtpClock = new RtpClock();
  #shown;
  #count;
  #ended = false;
  /** @type {Showing} */
  #reported = 'raw';
  /** @type {Record<Showing, ReadableStreamDefaultReader<VideoFrame> | undefined>} */
  #readers = {raw: undefined, corrected: undefined};

  /**
   * @param {WritableStream<VideoFrame>} writable
   * @param {(report: Report) => void} report
   * @param {RouteState} [state] from the thread on which it ran before
   */
  constructor(writable, report, {last = -Infinity, at = 0, count = 0, ...shown} = {...NOTHING, last: -Infinity, at: 0}) {
    this.#writable = writable;
    this.#writer = writable.getWriter();
    this.#writer.closed.then(() => this.#end(), () => this.#end());
    this.#report = report;
    this.#timeline = new Timeline(last, at);
    this.#shown = shown;
    this.#count = count;
    this.#timer = setInterval(() => this.#sendReport(), REPORT_MS);
  }

  /** Sets the source of the camera's frames. */
  camera(/** @type {ReadableStream<VideoFrame>} */ readable) {
    this.#readFrames('raw', readable, (frame) => this.#switch.raw(frame.timestamp));
  }

  /** Sets the source of corrected frames, or none. */
  follow(/** @type {ReadableStream<VideoFrame> | undefined} */ readable) {
    this.#rtpClock = new RtpClock();
    if (readable) this.#switch.offer();
    else this.#switch.withdraw();
    this.#reportIfChanged();
    this.#readFrames('corrected', readable, () => this.#switch.corrected());
  }

  /**
   * Releases everything, so that another thread can continue.
   * @returns {{writable: WritableStream<VideoFrame>, state: RouteState}}
   */
  release() {
    clearInterval(this.#timer);
    this.#stopReading();
    this.#writer.releaseLock();
    const {last, at} = this.#timeline;
    return {writable: this.#writable, state: {...this.#shown, last, at, count: this.#count + this.#switch.count}};
  }

  async close() {
    clearInterval(this.#timer);
    this.#stopReading();
    await this.#writer.close().catch(() => {});
  }

  /** @param {Showing} kind @param {ReadableStream<VideoFrame> | undefined} readable @param {(frame: VideoFrame) => boolean} wanted */
  async #readFrames(kind, readable, wanted) {
    this.#readers[kind]?.cancel().catch(() => {});
    const reader = this.#readers[kind] = readable?.getReader();
    while (reader) {
      const {value: frame, done} = await reader.read().catch(() => ({value: undefined, done: true}));
      if (done || !frame) return;
      if (reader === this.#readers[kind] && wanted(frame)) await this.#show(frame, kind, reader);
      frame.close();
      this.#reportIfChanged();
    }
  }

  async #show(/** @type {VideoFrame} */ frame, /** @type {Showing} */ kind, /** @type {unknown} */ source) {
    if (this.#ended) return;
    if ((this.#writer.desiredSize ?? 0) <= -MAX_QUEUED) {
      this.#shown.dropped += 1;
      return;
    }
    const timestamp = this.#timeline.place(source, this.#timeOf(frame, kind), 1000 * now(), kind === 'raw');
    const one = timestamp === frame.timestamp ? frame.clone() : await copy(frame, timestamp);
    const late = timestamp !== this.#timeline.last || this.#ended; // a newer frame was written meanwhile
    if (late) return one.close();
    this.#shown[kind] += 1;
    this.#writer.write(one).catch(() => { one.close(); });
  }

  #timeOf(/** @type {VideoFrame} */ frame, /** @type {Showing} */ kind) {
    if (kind === 'raw') return frame.timestamp;
    // @ts-ignore: newer than the compiler's library
    return this.#rtpClock.time(frame.metadata?.().rtpTimestamp, frame.timestamp);
  }

  #stopReading() {
    for (const kind of /** @type {Showing[]} */ (['raw', 'corrected'])) {
      this.#readers[kind]?.cancel().catch(() => {});
      this.#readers[kind] = undefined;
    }
  }

  #end() {
    this.#ended = true;
  }

  #reportIfChanged() {
    if (this.#reported !== this.#switch.showing) this.#sendReport();
  }

  #sendReport() {
    const {showing, count} = this.#switch;
    this.#reported = showing;
    this.#report({showing, count: this.#count + count, ...this.#shown, ended: this.#ended});
  }
}

/**
 * The same pixels with another timestamp. A received frame also carries an estimated remote capture time: Chromium
 * (156) passes that on to the track's consumer, whatever a clone's timestamp is; it jumps back and forth, and a sender
 * drops frames that jump back. Only a copy is free of it.
 * @param {VideoFrame} frame @param {number} timestamp
 */
async function copy(frame, timestamp) {
  const {format, codedWidth, codedHeight, displayWidth, displayHeight} = frame;
  const {width = codedWidth, height = codedHeight} = frame.visibleRect ?? {};
  if (!format) return new VideoFrame(frame, {timestamp}); // it is in GPU memory
  const data = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(data);
  const colorSpace = frame.colorSpace.toJSON();
  return new VideoFrame(data, {
    format, codedWidth: width, codedHeight: height, displayWidth, displayHeight, timestamp, layout, colorSpace,
    transfer: [data.buffer],
  });
}

const NOTHING = {raw: 0, corrected: 0, dropped: 0, count: 0};
