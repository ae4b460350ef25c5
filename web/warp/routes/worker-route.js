/**
 * Processes the camera's frames one by one in a worker: each is warped by the newest fields and written at once; a
 * frame without a correction is passed on as the same object. Nothing queues: if a newer frame arrives before one is
 * processed, the older is dropped and counted. Every frame is closed once, by its last owner.
 */

import {now} from '../../workers/clock.js';
import {Display} from '../display.js';
import {Graphics} from '../drawing/graphics.js';
import {Copier, lumaOf} from '../motion/luma.js';
import {Paster} from '../drawing/paste.js';

/** @typedef {{frame: VideoFrame, record: import('../display.js').Frame}} Waiting */

export class WorkerRoute {
  #writer;
  /** @type {ReadableStreamDefaultReader<VideoFrame> | undefined} */
  #reader;
  /** @type {Waiting | undefined} */
  #newest;
  #busy = false;
  #copier = new Copier();
  #graphics;

  /**
   * @param {import('../display.js').DisplaySettings} settings
   * @param {WritableStream<VideoFrame>} writable
   * @param {() => Pick<Paster, 'draw' | 'lost' | 'close'>} make the renderer's constructor; may raise Error
   */
  constructor(settings, writable, make = () => new Paster()) {
    this.display = new Display(settings);
    this.#writer = writable.getWriter();
    this.#graphics = new Graphics(make);
  }

  /** Reads frames from this camera from now on. @param {ReadableStream<VideoFrame>} readable */
  async read(readable) {
    const former = this.#reader;
    const reader = this.#reader = readable.getReader();
    if (former) this.display.changeCamera();
    former?.cancel().catch(() => {});
    for (;;) {
      const {value: frame, done} = await reader.read().catch(() => ({value: undefined, done: true}));
      if (done || !frame) return;
      if (reader === this.#reader) this.#onFrame(frame);
      else frame.close();
    }
  }

  async close() {
    this.#newest?.frame.close();
    this.#newest = undefined;
    this.#graphics.close();
    await this.#reader?.cancel().catch(() => {});
    await this.#writer.close().catch(() => {});
  }

  #onFrame(/** @type {VideoFrame} */ frame) {
    const {timestamp, displayWidth: width, displayHeight: height} = frame;
    const record = this.display.arrive({time: timestamp / 1000, at: now(), width, height});
    if (this.#newest) {
      this.#newest.frame.close();
      this.display.counts.drop();
    }
    this.#newest = {frame, record};
    if (!this.#busy) this.#work();
  }

  async #work() {
    this.#busy = true;
    await nextTask(); // frames that have arrived meanwhile are read first, and the newest is used
    while (this.#newest) {
      const {frame, record} = this.#newest;
      this.#newest = undefined;
      await this.#show(frame, record);
      await nextTask();
    }
    this.#busy = false;
  }

  async #show(/** @type {VideoFrame} */ frame, /** @type {import('../display.js').Frame} */ record) {
    const begun = now();
    const {shown, plan} = await this.#correct(frame, record).catch(() => ({shown: frame, plan: FAILED}));
    if (shown !== frame) frame.close();
    await this.#writer.write(shown).catch(() => shown.close());
    const {verdict, landmarks, field} = plan;
    this.display.counts.depart({frame: record.index, at: now(), landmarks, field, verdict}, record.at, begun);
  }

  /** The frame to show, and its plan. */
  async #correct(/** @type {VideoFrame} */ frame, /** @type {import('../display.js').Frame} */ record) {
    const pixels = this.display.isReceiving(record.at) ? await this.#copier.copy(frame) : null;
    if (pixels && this.display.wantsLuma) record.luma = lumaOf(pixels);
    const plan = this.display.plan(record);
    if (!plan.placed.length) return {shown: frame, plan};
    const drawn = this.#graphics.get()?.draw(frame, pixels, plan.placed);
    return drawn ? {shown: drawn, plan} : {shown: frame, plan: {...plan, verdict: 'no_graphics'}};
  }
}

/** @type {import('../display.js').Plan} */
const FAILED = {placed: [], verdict: 'failed', landmarks: null, field: null};

const {port1, port2} = new MessageChannel();

/** Yields to pending tasks. @returns {Promise<void>} */
function nextTask() {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(0);
  });
}
