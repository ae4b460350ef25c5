/**
 * Local warping (field return): takes the camera's track; provides a small copy of it for the relay, and the corrected
 * full-size video, a MediaStreamTrack for any meeting. The relay's packets contain landmarks and fields; without
 * packets, graphics or relay, or with late packets, the camera's own frames continue without a gap.
 *
 *   const local = new Local(camera, {signal});
 *   const {sender} = connection.addTransceiver(local.upload, {direction: 'sendonly'});
 *   local.prepareSender(sender);                           // at once, before the offer, for each new connection
 *   channel.onmessage = ({data}) => local.receive(data);   // the channel `fields`
 *   local.trip(milliseconds);                              // each round trip of the channel `eyeline`
 *   local.replaceCamera(track); local.change({maxFieldAge: 6}); local.stats(); local.stop();
 *
 * Two routes: routes/worker-line.js and worker-route.js if the browser gives a worker the camera's frames (Chromium:
 * MediaStreamTrackProcessor and -Generator), else routes/canvas-route.js. In both, display.js decides how a frame is
 * warped, with stamps.js, fields.js, freshness.js and frame-counts.js; motion/luma.js and drawing/ process its pixels.
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
 * }} Report of a route
 */

/** @type {DisplaySettings} */
const DEFAULTS = {...LIMITS, motion: 'flow', guard: true};

/** Per-frame traces are kept for this many reports. */
const MAX_TRACES = 10;

/** Fires `failed` when a route has failed; `track` then freezes, and a new Local is needed. */
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

  /** The corrected video, full size; available at once and never replaced. @type {MediaStreamTrack} */
  track;
  /**
   * The copy for the relay, longer side at most 640 pixels; replaceCamera() creates another one.
   * @type {MediaStreamTrack}
   */
  upload;
  /** How frames are processed. @type {'worker' | 'canvas'} */
  route;

  /**
   * @param {MediaStreamTrack} camera belongs to the caller: it is not stopped here
   * @param {Partial<DisplaySettings> & {signal?: AbortSignal, route?: 'worker' | 'canvas'}} options
   *   signal: stops it; route: forces this route
   */
  constructor(camera, {signal, route, ...settings} = {}) {
    super();
    this.#camera = camera;
    this.route = route ?? (WorkerLine.possible ? 'worker' : 'canvas');
    const [report, fail] = [this.#onReport.bind(this), this.#onFailure.bind(this)];
    const parts = {settings: {...DEFAULTS, ...settings}, report, fail};
    this.#route = this.route === 'worker' ? new WorkerLine(camera, parts) : new CanvasRoute(camera, parts);
    this.track = this.#route.track;
    this.upload = smallCopy(camera);
    if (signal?.aborted) this.stop();
    signal?.addEventListener('abort', () => this.stop());
  }

  /** Why this browser cannot warp: `no_webgl`, or empty if it can. */
  static get obstacle() {
    return hasGraphics() ? '' : 'no_webgl';
  }

  /**
   * Configures the sender of `upload`; to be called before the first frame is sent, for each new connection. Discards
   * the packets of the previous one.
   */
  async prepareSender(/** @type {RTCRtpSender} */ sender) {
    this.#sender = sender;
    this.#route.reset();
    await prepare(sender, (rtp, at) => {
      if (sender === this.#sender) this.#route.sent(rtp, at);
    });
  }

  /**
   * A packet of the channel `fields` has arrived. The buffer is transferred and cannot be used afterwards.
   * @param {ArrayBuffer} buffer
   */
  receive(buffer) {
    this.#route.receive(buffer, now());
  }

  /** A round trip time, milliseconds: used to match packets to frames where nothing more precise is known. */
  trip(/** @type {number} */ milliseconds) {
    this.#route.trip(milliseconds);
  }

  /** Changes limits or the motion mode. @param {Partial<DisplaySettings>} settings */
  change(settings) {
    this.#route.change(settings);
  }

  /** Switches to another camera. The previous one is not stopped. Resolves when the new one's copy is sent. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    if (this.#stopped || camera === this.#camera) return;
    this.#camera = camera;
    this.#route.replaceCamera(camera);
    const former = this.upload;
    this.upload = smallCopy(camera);
    await this.#sender?.replaceTrack(this.upload).catch(() => {}); // a connection that has ended sends nothing more
    former.stop();
  }

  /** Statistics, at most 200 ms old, in the format of the relay's `stats` message. */
  stats() {
    const {trace, size, frames, ...figures} = this.#report ?? INITIAL;
    return {...figures, ...size, frames: this.#missed.addTo(frames), route: this.route};
  }

  /**
   * What was done to each recent frame since the last call, for the timeline display. Numbers are those of the camera's
   * frames, times those of performance.now().
   * @returns {Report['trace']}
   */
  spans() {
    const trace = this.#trace.splice(0);
    return {
      spans: trace.flatMap(({spans}) => spans.map((one) => ({...one, begin: here(one.begin), end: here(one.end)}))),
      shown: trace.flatMap(({shown}) => shown.map((one) => ({...one, at: here(one.at)}))),
    };
  }

  /** Ends both tracks and frees their resources. The camera is not stopped. */
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
 * Frames that the browser itself dropped; known only if it counts the frames that a camera delivered.
 */
class Missed {
  #count = 0;
  /** @type {{camera: MediaStreamTrack, delivered: number, seen: number} | undefined} */
  #last;

  /**
   * Compares the frames that arrived here with those delivered.
   * @param {MediaStreamTrack} camera
   * @param {number} seen
   */
  update(camera, seen) {
    // @ts-ignore: newer than the compiler's library
    const delivered = /** @type {number | undefined} */ (camera.stats?.deliveredFrames);
    if (delivered === undefined) return;
    if (this.#last?.camera === camera) this.#count += delivered - this.#last.delivered - (seen - this.#last.seen);
    this.#last = {camera, delivered, seen};
  }

  /** The counts including these frames. @template {Report['frames']} F @param {F} frames @returns {F} */
  addTo(frames) {
    const missed = Math.max(0, this.#count - 1); // one may still be in transit
    return {...frames, in: frames.in + missed, dropped: frames.dropped + missed};
  }
}

/** Before the first report. @type {Report} */
const INITIAL = {
  fps_in: 0, fps_out: 0, frames: {in: 0, out: 0, dropped: 0, corrected: 0, passed: {}},
  packets: {landmarks: 0, fields: 0, lost: 0, late: 0, malformed: 0, unmatched: 0},
  delay_ms: null, stages_ms: {}, age_frames: {},
  stamps: 'none', size: {width: 0, height: 0}, trace: {spans: [], shown: []},
};

/** @type {boolean | undefined} */
let graphics;

/** Whether there is WebGL2; checked once. */
function hasGraphics() {
  if (graphics === undefined && typeof OffscreenCanvas !== 'undefined') {
    const context = new OffscreenCanvas(1, 1).getContext('webgl2');
    graphics = context !== null;
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return graphics ?? false;
}
