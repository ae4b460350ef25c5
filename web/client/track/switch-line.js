/**
 * For browsers with MediaStreamTrackProcessor and -Generator: a SwitchRoute, on the page's own thread until the worker
 * has started, and permanently if the page's policy forbids workers. No frame waits for either.
 */

import {SwitchRoute} from './switch-route.js';
import {startWorker} from '../../workers/start.js';

/** Frames queued for a busy thread. */
const MAX_QUEUED = 2;

/** @typedef {{report: (report: import('./switch-route.js').Report) => void}} Parts */

/** Same interface as SwitchCanvas. */
export class SwitchLine {
  #report;
  #camera;
  /** @type {MediaStreamTrack | undefined} */
  #corrected;
  /** @type {SwitchRoute | undefined} */
  #pageRoute;
  /** @type {Worker | undefined} */
  #worker;

  /** @type {MediaStreamTrack} */
  track;

  /** Whether the browser supports it. */
  static get possible() {
    return typeof MediaStreamTrackProcessor !== 'undefined' && typeof MediaStreamTrackGenerator !== 'undefined';
  }

  /** @param {MediaStreamTrack} camera @param {Parts} parts */
  constructor(camera, {report}) {
    this.#report = report;
    this.#camera = camera;
    const generator = new MediaStreamTrackGenerator({kind: 'video'});
    this.track = generator;
    this.#pageRoute = new SwitchRoute(generator.writable, report);
    this.#pageRoute.camera(framesOf(camera));
    this.#startWorker();
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    this.#camera = camera;
    const readable = framesOf(camera);
    if (this.#pageRoute) this.#pageRoute.camera(readable);
    else this.#post({type: 'camera', readable}, [readable]);
  }

  /** Sets the track with corrected frames, or none. */
  follow(/** @type {MediaStreamTrack | undefined} */ corrected) {
    this.#corrected = corrected;
    const readable = corrected && framesOf(corrected);
    if (this.#pageRoute) this.#pageRoute.follow(readable);
    else this.#post({type: 'corrected', readable}, readable ? [readable] : []);
  }

  stop() {
    this.#post({type: 'close'});
    if (!this.#pageRoute) return;
    this.#pageRoute.close();
    this.#worker?.terminate();
  }

  #startWorker() {
    try {
      const worker = this.#worker = startWorker(new URL('./switch-worker.js', import.meta.url), 'switch');
      worker.onmessage = ({data}) => data === null ? this.#handOver() : this.#report(data);
      worker.onerror = (event) => event.preventDefault(); // the worker could not be loaded
    } catch {
      // The browser refuses workers by an exception.
    }
  }

  /** The worker has started. */
  #handOver() {
    if (!this.#pageRoute || this.track.readyState === 'ended') return;
    const {writable, state} = this.#pageRoute.release();
    this.#pageRoute = undefined;
    this.#post({type: 'open', writable, state}, [writable]);
    this.replaceCamera(this.#camera);
    if (this.#corrected) this.follow(this.#corrected);
  }

  /** @param {import('./switch-worker.js').Message} message @param {Transferable[]} transfer */
  #post(message, transfer = []) {
    this.#worker?.postMessage(message, transfer);
  }
}

function framesOf(/** @type {MediaStreamTrack} */ track) {
  return new MediaStreamTrackProcessor({track, maxBufferSize: MAX_QUEUED}).readable;
}
