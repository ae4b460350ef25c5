/**
 * The library's track via video elements and a canvas, for browsers that give no frames to a worker: each shown frame
 * is drawn on the canvas. A hidden page gets no callbacks for video frames; a worker's timer then draws. It polls both
 * videos alike, so a relay that stops sending is noticed by its track even then.
 */

import {now} from '../../workers/clock.js';
import {Switch} from './switch.js';
import {startMetronome} from '../../workers/start.js';

/** Between two reports, milliseconds. */
const REPORT_MS = 100;

/** Intervals of the worker's timer in a hidden page, and otherwise, in case callbacks stop; milliseconds. */
const HIDDEN_MS = 1000 / 30;
const TIMEOUT_MS = 150;

/** @typedef {import('./switch.js').Showing} Showing */

export class SwitchCanvas {
  #switch = new Switch();
  #canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d', {alpha: false}));
  #videos = {
    raw: new VideoSource(() => this.#onFrame('raw')),
    corrected: new VideoSource(() => this.#onFrame('corrected')),
  };
  #metronome = startMetronome();
  #shown = {raw: 0, corrected: 0, dropped: 0};
  #drawnAt = -Infinity;
  #abort = new AbortController();
  #report;

  /** @type {MediaStreamTrack} */
  track;

  /** @param {MediaStreamTrack} camera @param {import('./switch-line.js').Parts} parts */
  constructor(camera, {report}) {
    this.#report = report;
    const {width = 640, height = 480} = camera.getSettings();
    Object.assign(this.#canvas, {width, height});
    [this.track] = this.#canvas.captureStream().getVideoTracks();
    this.replaceCamera(camera);
    const timer = setInterval(() => this.#sendReport(), REPORT_MS);
    this.#abort.signal.addEventListener('abort', () => clearInterval(timer));
    this.#metronome.onmessage = () => this.#onTick();
    const setTimer = () => this.#metronome.postMessage(document.hidden ? HIDDEN_MS : TIMEOUT_MS);
    document.addEventListener('visibilitychange', setTimer, {signal: this.#abort.signal});
    setTimer();
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    this.#videos.raw.show(camera);
  }

  /** Sets the track with corrected frames, or none. */
  follow(/** @type {MediaStreamTrack | undefined} */ corrected) {
    this.#videos.corrected.show(corrected);
    if (corrected) this.#switch.offer();
    else this.#switch.withdraw();
    this.#sendReport();
  }

  stop() {
    this.#abort.abort();
    this.#metronome.terminate();
    for (const video of Object.values(this.#videos)) video.end();
    this.track.stop();
  }

  /** The browser has a new frame. */
  #onFrame(/** @type {Showing} */ kind) {
    const before = this.#switch.showing;
    const wanted = kind === 'raw' ? this.#switch.raw(1000 * now()) : this.#switch.corrected();
    if (wanted) this.#draw(kind);
    if (before !== this.#switch.showing) this.#sendReport();
  }

  /** The worker's timer: draws only if the browser's callbacks have stopped. */
  #onTick() {
    if (now() - this.#drawnAt < (document.hidden ? HIDDEN_MS / 2 : TIMEOUT_MS)) return;
    if (document.hidden && this.#videos.corrected.hasNewFrame) this.#onFrame('corrected');
    this.#onFrame('raw');
  }

  #draw(/** @type {Showing} */ kind) {
    const frame = this.#videos[kind].frame;
    if (!frame) return;
    const {videoWidth: width, videoHeight: height} = frame;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, {width, height});
    this.#context.drawImage(frame, 0, 0, width, height);
    this.#drawnAt = now();
    this.#shown[kind] += 1;
  }

  #sendReport() {
    const {showing, count} = this.#switch;
    this.#report({showing, count, ...this.#shown, ended: this.track.readyState === 'ended'});
  }
}

/** A track in a video element, with a callback for each frame. */
class VideoSource {
  #video = Object.assign(document.createElement('video'), {muted: true, playsInline: true, autoplay: true});
  #onFrame;
  #time = -1;

  /** @param {() => void} see */
  constructor(onFrame) {
    this.#onFrame = onFrame;
    this.#requestFrame();
  }

  show(/** @type {MediaStreamTrack | undefined} */ track) {
    this.#video.srcObject = track ? new MediaStream([track]) : null;
    if (track) this.#video.play().catch(() => {}); // another track was set before it started
  }

  end() {
    this.#onFrame = () => {};
    this.#video.srcObject = null;
  }

  /** @returns {HTMLVideoElement | undefined} */
  get frame() {
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.#video.videoWidth ? this.#video : undefined;
  }

  /** Whether there is a new frame since the last call. */
  get hasNewFrame() {
    const before = this.#time;
    this.#time = this.#video.currentTime;
    return this.frame !== undefined && this.#time !== before;
  }

  #requestFrame() {
    this.#video.requestVideoFrameCallback(() => {
      this.#requestFrame();
      this.#onFrame();
    });
  }
}
