/**
 * The camera's pictures by way of a video element and a canvas, for browsers that give no frames to a worker. What goes
 * out is the canvas's own track; on the canvas the picture is drawn as it came, and the eyes over it.
 *
 * A hidden page gets no callbacks for video frames. A worker's timer then has the pictures drawn, at the rate at which
 * they came before: the track goes on, and eyes are turned. Which frame a picture is, is then known to about one frame.
 */

import {now} from '../../workers/clock.js';
import {Display} from '../display.js';
import {Graphics} from '../drawing/graphics.js';
import {CanvasLuma} from '../motion/luma.js';
import {Warper} from '../drawing/warp.js';
import {startMetronome} from '../../workers/start.js';

/** Between two reports. */
const REPORT_MS = 200;

/** Beats of the worker's timer in a hidden page, and elsewhere, should callbacks fail to come; milliseconds. */
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
    this.#video.play().catch(() => {}); // another camera came before it began
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

  /** The worker's timer: nothing to do, unless the browser has stopped calling. */
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

  /** The frame, and over it what has been drawn through the fields. */
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
