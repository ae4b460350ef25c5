/**
 * The page's end of the worker route: connects the camera's frames to the worker and its output to the track without
 * passing through the page, sends messages, receives reports. Knows nothing of what the worker does.
 */

import {startWorker} from '../../workers/start.js';

/** Frames queued for a busy worker: enough to detect a dropped one. */
const MAX_QUEUED = 2;

/**
 * Same interface as CanvasRoute; `report` and `fail` may be called at any time. Nothing is sent before the worker has
 * started: unread frames would stall the camera itself.
 */
export class WorkerLine {
  #worker = startWorker(new URL('./local-worker.js', import.meta.url), 'local');
  #generator = new MediaStreamTrackGenerator({kind: 'video'});
  #camera;
  /** Messages queued until the worker has started. @type {(() => void)[] | undefined} */
  #waiting = [];

  /** Whether the browser can pass frames to a worker and back. */
  static get possible() {
    return typeof MediaStreamTrackProcessor !== 'undefined' && typeof MediaStreamTrackGenerator !== 'undefined';
  }

  /** @param {MediaStreamTrack} camera @param {import('./canvas-route.js').RouteParts} parts */
  constructor(camera, {settings, report, fail}) {
    this.#camera = camera;
    this.#worker.onmessage = ({data}) => data === null ? this.#onStarted(settings) : report(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail();
    };
  }

  get track() {
    return this.#generator;
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    this.#camera = camera;
    if (this.#waiting) return;
    const {readable} = new MediaStreamTrackProcessor({track: camera, maxBufferSize: MAX_QUEUED});
    this.#post({type: 'camera', readable}, [readable]);
  }

  receive(/** @type {ArrayBuffer} */ buffer, /** @type {number} */ at) {
    this.#post({type: 'packet', buffer, at}, buffer instanceof ArrayBuffer ? [buffer] : []);
  }

  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#post({type: 'sent', rtp, at});
  }

  trip(/** @type {number} */ milliseconds) {
    this.#post({type: 'trip', milliseconds});
  }

  change(/** @type {Partial<import('../display.js').DisplaySettings>} */ settings) {
    this.#post({type: 'change', settings});
  }

  reset() {
    this.#post({type: 'reset'});
  }

  stop() {
    if (this.#waiting) this.#worker.terminate();
    else this.#post({type: 'close'});
  }

  /** The worker has started. */
  #onStarted(/** @type {import('../display.js').DisplaySettings} */ settings) {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    const {writable} = this.#generator;
    this.#post({type: 'open', settings, writable}, [writable]);
    this.replaceCamera(this.#camera);
    for (const send of waiting) send();
  }

  /** @param {import('./local-worker.js').Message} message @param {Transferable[]} transfer */
  #post(message, transfer = []) {
    const send = () => this.#worker.postMessage(message, transfer);
    if (this.#waiting) this.#waiting.push(send);
    else send();
  }
}
