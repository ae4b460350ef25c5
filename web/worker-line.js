/**
 * The page's end of the worker route: the camera's frames go to the worker and its frames come back without passing
 * through the page, orders are sent, reports come. Knows nothing of what is done there.
 */

/** Frames that wait for a busy worker: enough to see that one was overtaken. */
const NEWEST = 2;

/** As CanvasRoute, which is the other one; `report` and `fail` may be called at any time. */
export class WorkerLine {
  #worker = new Worker(new URL('local-worker.js', import.meta.url), {type: 'module', name: 'local'});
  #generator = new MediaStreamTrackGenerator({kind: 'video'});

  /** Whether the browser gives frames to a worker, and takes them back. */
  static get possible() {
    return typeof MediaStreamTrackProcessor !== 'undefined' && typeof MediaStreamTrackGenerator !== 'undefined';
  }

  /** @param {MediaStreamTrack} camera @param {import('./canvas-route.js').RouteParts} parts */
  constructor(camera, {wishes, report, fail}) {
    this.#worker.onmessage = ({data}) => report(data);
    this.#worker.onerror = fail;
    const {writable} = this.#generator;
    this.#order({type: 'open', wishes, writable}, [writable]);
    this.replaceCamera(camera);
  }

  get track() {
    return this.#generator;
  }

  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    const {readable} = new MediaStreamTrackProcessor({track: camera, maxBufferSize: NEWEST});
    this.#order({type: 'camera', readable}, [readable]);
  }

  receive(/** @type {ArrayBuffer} */ buffer, /** @type {number} */ at) {
    this.#order({type: 'packet', buffer, at}, buffer instanceof ArrayBuffer ? [buffer] : []);
  }

  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#order({type: 'sent', rtp, at});
  }

  trip(/** @type {number} */ milliseconds) {
    this.#order({type: 'trip', milliseconds});
  }

  change(/** @type {Partial<import('./display.js').Wishes>} */ wishes) {
    this.#order({type: 'change', wishes});
  }

  forget() {
    this.#order({type: 'forget'});
  }

  stop() {
    this.#order({type: 'close'});
  }

  /** @param {import('./local-worker.js').Order} order @param {Transferable[]} transfer */
  #order(order, transfer = []) {
    this.#worker.postMessage(order, transfer);
  }
}
