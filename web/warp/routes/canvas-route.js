/**
 * The camera's frames via a video element and a canvas, for browsers that give no frames to a worker. The output is the
 * canvas's track; each frame is drawn on the canvas unchanged, and the corrected eyes over it.
 *
 * A hidden page gets no callbacks for video frames. A worker's timer then draws, at about the camera's rate, so that
 * the track continues corrected. The time of a frame is then accurate to about one frame only.
 */

import {now} from '../../workers/clock.js';
import {Display} from '../display.js';
import {Graphics} from '../drawing/graphics.js';
import {CanvasLuma} from '../motion/luma.js';
import {Warper} from '../drawing/warp.js';
import {startMetronome} from '../../workers/start.js';

/** Between two reports, milliseconds. */
const REPORT_MS = 200;

/** Intervals of the worker's timer in a hidden page, and otherwise, in case callbacks stop; milliseconds. */
const HIDDEN_MS = 1000 / 30;
const TIMEOUT_MS = 120;

/**
 * @typedef {{
 *   settings: import('../display.js').DisplaySettings,
 *   report: (report: import('../local.js').Report) => void,
 *   fail: () => void,
 * }} RouteParts
 */
export class CanvasRoute {
  #display;
  #video = document.createElement('video');
  #canvas = document.createElement('canvas');
  #context;
  #eyes = new OffscreenCanvas(1, 1);
  #graphics = new Graphics(() => new Warper(this.#eyes = new OffscreenCanvas(1, 1)));
  #canvasLuma = new CanvasLuma();
  #metronome = startMetronome();
  #timer;
  #drawnAt = -Infinity;
  #shownTime = -Infinity;
  #abort = new AbortController();

  /** @type {MediaStreamTrack} */
  track;

  /** @param {MediaStreamTrack} camera @param {RouteParts} parts */
  constructor(camera, {settings, report}) {
    this.#display = new Display(settings);
    this.#context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d', {alpha: false}));
    const {width = 640, height = 480} = camera.getSettings();
    Object.assign(this.#canvas, {width, height});
    const [track] = this.#canvas.captureStream().getVideoTracks();
    this.track = track;
    Object.assign(this.#video, {muted: true, playsInline: true, autoplay: true});
    this.replaceCamera(camera);
    this.#timer = setInterval(() => report(this.#report()), REPORT_MS);
    this.#metronome.onmessage = () => this.#onTick();
    const setTimer = () => this.#metronome.postMessage(document.hidden ? HIDDEN_MS : TIMEOUT_MS);
    document.addEventListener('visibilitychange', setTimer, {signal: this.#abort.signal});
    setTimer();
    this.#requestFrame();
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    if (this.#video.srcObject) this.#display.changeCamera();
    this.#video.srcObject = new MediaStream([camera]);
    this.#video.play().catch(() => {}); // another camera was set before it started
  }

  receive(/** @type {ArrayBuffer} */ buffer, /** @type {number} */ at) {
    this.#display.receive(buffer, at);
  }

  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#display.sent(rtp, at);
  }

  trip(/** @type {number} */ milliseconds) {
    this.#display.trip(milliseconds);
  }

  change(/** @type {Partial<import('../display.js').DisplaySettings>} */ settings) {
    this.#display.change(settings);
  }

  reset() {
    this.#display.reset();
  }

  stop() {
    this.#abort.abort();
    clearInterval(this.#timer);
    this.#metronome.terminate();
    this.#video.srcObject = null;
    this.#graphics.close();
  }

  /** The next frame, as soon as the browser has it. */
  #requestFrame() {
    this.#video.requestVideoFrameCallback((_, {captureTime, mediaTime}) => {
      if (this.#abort.signal.aborted) return;
      this.#requestFrame();
      this.#draw(captureTime ?? 1000 * mediaTime, captureTime === undefined);
    });
  }

  /** The worker's timer: draws only if the browser's callbacks have stopped. */
  #onTick() {
    if (now() - this.#drawnAt < (document.hidden ? HIDDEN_MS / 2 : TIMEOUT_MS)) return;
    if (this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#draw(this.#shownTime + now() - this.#drawnAt, true);
  }

  #draw(/** @type {number} */ time, /** @type {boolean} */ guessed) {
    const at = now();
    const {videoWidth: width, videoHeight: height} = this.#video;
    if (!width || !height) return;
    this.#drawnAt = at;
    this.#shownTime = time;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, {width, height});
    const frame = this.#display.arrive({time, at, width, height}, guessed);
    const {verdict, landmarks, field} = this.#paint(frame);
    this.#display.counts.depart({frame: frame.index, at: now(), landmarks, field, verdict}, at, at);
  }

  /** Draws the frame, and over it the warped patches. */
  #paint(/** @type {import('../display.js').Frame} */ frame) {
    const {width, height} = frame;
    this.#context.drawImage(this.#video, 0, 0, width, height);
    try {
      const wanted = this.#display.isReceiving(frame.at) && this.#display.wantsLuma;
      if (wanted) frame.luma = this.#canvasLuma.read(this.#canvas, width, height);
      const plan = this.#display.plan(frame);
      if (!plan.placed.length) return plan;
      if (!this.#graphics.get()?.draw(this.#canvas, width, height, plan.placed)) return {...plan, verdict: 'no_graphics'};
      this.#context.drawImage(this.#eyes, 0, 0);
      return plan;
    } catch {
      return {verdict: 'failed', landmarks: null, field: null};
    }
  }

  /** @returns {import('../local.js').Report} */
  #report() {
    const {counts, stamps, size} = this.#display;
    return {...counts.report(now()), trace: counts.takeTrace(), stamps, size};
  }
}
