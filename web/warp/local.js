/**
 * The field return's local path: the camera's track goes in, out come a small copy of it for the relay and the full
 * picture with the eyes turned, a MediaStreamTrack that any meeting can use. The relay's packets say where the eyes
 * are and how they turn; with none, late ones, no graphics or no relay, the camera's own pictures go on without a gap.
 *
 *   const local = new Local(camera, {signal});
 *   const {sender} = connection.addTransceiver(local.upload, {direction: 'sendonly'});
 *   local.prepareSender(sender);                           // at once, before the offer, for each new connection
 *   channel.onmessage = ({data}) => local.receive(data);   // the channel `fields`
 *   local.trip(milliseconds);                              // each round trip of the channel `eyeline`
 *   local.replaceCamera(track); local.change({maxFieldAge: 6}); local.stats(); local.stop();
 *
 * Two routes: worker-line.js and worker-route.js where the browser gives a worker the camera's frames (Chromium:
 * MediaStreamTrackProcessor and -Generator), canvas-route.js elsewhere. Both ask display.js what to do with a frame;
 * stamps.js, fields.js, freshness.js and tally.js are its parts, luma.js and paste.js the frame's.
 *
 * Knows nothing of connections or of the page.
 */

import {CanvasRoute} from './routes/canvas-route.js';
import {here, now} from '../workers/clock.js';
import {LIMITS} from './freshness.js';
import {prepare, smallCopy} from './sender.js';
import {WorkerLine} from './routes/worker-line.js';

/**
 * @typedef {import('./display.js').DisplaySettings} DisplaySettings maxLandmarkAge, maxFieldAge (frames), motion, guard
 * @typedef {ReturnType<import('./frame-counts.js').FrameCounts['report']> & {
 *   trace: ReturnType<import('./frame-counts.js').FrameCounts['takeTrace']>,
 *   stamps: 'rtp' | 'time' | 'none',
 *   size: {width: number, height: number},
 * }} Report what a route has done
 */

/** @type {DisplaySettings} */
const DEFAULTS = {...LIMITS, motion: 'flow', guard: true};

/** What is told frame by frame waits this long for somebody to ask, in reports. */
const MAX_TRACES = 10;

/** Fires `failed` when a route has come to an end by itself; `track` then stands still, and it takes another Local. */
export class Local extends EventTarget {
  #camera;
  #route;
  /** @type {RTCRtpSender | undefined} */
  #sender;
  /** @type {Report | undefined} */
  #report;
  /** @type {Report['trace'][]} */
  #trace = [];
  #missed = new Missed();
  #stopped = false;

  /** The corrected picture, full size, at once and for as long as this lives. @type {MediaStreamTrack} */
  track;
  /** What goes to the relay, at most 640 pixels long; replaceCamera() makes another one. @type {MediaStreamTrack} */
  upload;
  /** How frames travel. @type {'worker' | 'canvas'} */
  route;

  /**
   * @param {MediaStreamTrack} camera stays its owner's: it is not stopped here
   * @param {Partial<DisplaySettings> & {signal?: AbortSignal, route?: 'worker' | 'canvas'}} options signal: ends it, as stop()
   *   does; route: this one, whatever the browser can
   */
  constructor(camera, {signal, route, ...settings} = {}) {
    super();
    this.#camera = camera;
    this.route = route ?? (WorkerLine.possible ? 'worker' : 'canvas');
    const parts = {settings: {...DEFAULTS, ...settings}, report: this.#onReport.bind(this), fail: this.#onFailure.bind(this)};
    this.#route = this.route === 'worker' ? new WorkerLine(camera, parts) : new CanvasRoute(camera, parts);
    this.track = this.#route.track;
    this.upload = smallCopy(camera);
    if (signal?.aborted) this.stop();
    signal?.addEventListener('abort', () => this.stop());
  }

  /** Why this browser cannot turn eyes in its own pictures: `no_webgl`, or empty where it can. */
  static get obstacle() {
    return hasGraphics() ? '' : 'no_webgl';
  }

  /**
   * Gets the sender of `upload` ready; to be called before the first frame is sent, for each new connection. What the
   * relay of the former one has said is forgotten.
   */
  async prepareSender(/** @type {RTCRtpSender} */ sender) {
    this.#sender = sender;
    this.#route.reset();
    await prepare(sender, (rtp, at) => {
      if (sender === this.#sender) this.#route.sent(rtp, at);
    });
  }

  /** A packet of the channel `fields` has come. The buffer is not to be used any more. @param {ArrayBuffer} buffer */
  receive(buffer) {
    this.#route.receive(buffer, now());
  }

  /** A message to the relay and back took so many milliseconds: frames are told by it where nothing better is known. */
  trip(/** @type {number} */ milliseconds) {
    this.#route.trip(milliseconds);
  }

  /** Other limits, another way to follow motion. @param {Partial<DisplaySettings>} settings */
  change(settings) {
    this.#route.change(settings);
  }

  /** Another camera from now on; its owner stops the former one. Resolves when its copy is what the relay gets. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    if (this.#stopped || camera === this.#camera) return;
    this.#camera = camera;
    this.#route.replaceCamera(camera);
    const former = this.upload;
    this.upload = smallCopy(camera);
    await this.#sender?.replaceTrack(this.upload).catch(() => {}); // a connection that has ended sends nothing more
    former.stop();
  }

  /** What has been done so far, a fifth of a second ago at most; in the words of the relay's own `stats`. */
  stats() {
    const {trace, size, frames, ...figures} = this.#report ?? INITIAL;
    return {...figures, ...size, frames: this.#missed.addTo(frames), route: this.route};
  }

  /**
   * What was done to each frame since this was last asked, as far as it is not too long ago: for the strip of the
   * lines. Numbers are those of the camera's frames, moments those of performance.now().
   * @returns {Report['trace']}
   */
  spans() {
    const trace = this.#trace.splice(0);
    return {
      spans: trace.flatMap(({spans}) => spans.map((one) => ({...one, begin: here(one.begin), end: here(one.end)}))),
      shown: trace.flatMap(({shown}) => shown.map((one) => ({...one, at: here(one.at)}))),
    };
  }

  /** Ends both tracks, and all that was made for them. The camera goes on. */
  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    this.upload.stop();
    this.#route.stop();
    this.track.stop();
  }

  #onReport(/** @type {Report} */ report) {
    this.#report = report;
    this.#missed.update(this.#camera, report.frames.in);
    this.#trace.push(report.trace);
    if (this.#trace.length > MAX_TRACES) this.#trace.shift();
  }

  #onFailure() {
    if (!this.#stopped) this.dispatchEvent(new Event('failed'));
  }
}

/**
 * Frames that were overtaken inside the browser, before anybody here saw them; told where it counts what a camera gave.
 */
class Missed {
  #count = 0;
  /** @type {{camera: MediaStreamTrack, delivered: number, seen: number} | undefined} */
  #last;

  /** So many frames of the camera have been seen. @param {MediaStreamTrack} camera @param {number} seen */
  update(camera, seen) {
    // @ts-ignore: newer than the compiler's library
    const delivered = /** @type {number | undefined} */ (camera.stats?.deliveredFrames);
    if (delivered === undefined) return;
    if (this.#last?.camera === camera) this.#count += delivered - this.#last.delivered - (seen - this.#last.seen);
    this.#last = {camera, delivered, seen};
  }

  /** The counts with these among them. @template {Report['frames']} F @param {F} frames @returns {F} */
  addTo(frames) {
    const missed = Math.max(0, this.#count - 1); // one may be on its way
    return {...frames, in: frames.in + missed, dropped: frames.dropped + missed};
  }
}

/** Before anything has been reported. @type {Report} */
const INITIAL = {
  fps_in: 0, fps_out: 0, frames: {in: 0, out: 0, dropped: 0, corrected: 0, passed: {}},
  packets: {landmarks: 0, fields: 0, lost: 0, late: 0, malformed: 0, unmatched: 0},
  delay_ms: null, stages_ms: {}, age_frames: {},
  stamps: 'none', size: {width: 0, height: 0}, trace: {spans: [], shown: []},
};

/** @type {boolean | undefined} */
let graphics;

/** Whether there is WebGL2, tried once. */
function hasGraphics() {
  if (graphics === undefined && typeof OffscreenCanvas !== 'undefined') {
    const context = new OffscreenCanvas(1, 1).getContext('webgl2');
    graphics = context !== null;
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return graphics ?? false;
}
