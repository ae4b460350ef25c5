/**
 * Where the browser gives frames to scripts and takes them back: a SwitchRoute, on the page's own thread until the worker
 * is there, and for ever where it never comes because the page's policy forbids it. No frame waits for either.
 */

import {SwitchRoute} from './switch-route.js';
import {startWorker} from '../../workers/start.js';

/** Frames that wait for a busy thread. */
const MAX_QUEUED = 2;

/** @typedef {{report: (report: import('./switch-route.js').Report) => void}} Parts */

/** As SwitchCanvas, which is the other one. */
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

  /** Whether the browser can. */
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

  /** Corrected pictures come from this track from now on, or no more. */
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
      worker.onerror = (event) => event.preventDefault(); // it could not be loaded
    } catch {
      // A browser that refuses it in this way.
    }
  }

  /** The worker is there. */
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
