/**
 * The worker of the local path: messages in, messages out, around a WorkerRoute. Beside it nothing runs here, so that
 * neither the page nor a hidden tab holds up a frame.
 *
 * @typedef {{type: 'open', wishes: import('../display.js').SyncedSettings, writable: WritableStream<VideoFrame>}
 *   | {type: 'camera', readable: ReadableStream<VideoFrame>}
 *   | {type: 'packet', buffer: unknown, at: number}
 *   | {type: 'sent', rtp: number, at: number}
 *   | {type: 'trip', milliseconds: number}
 *   | {type: 'change', wishes: Partial<import('../display.js').SyncedSettings>}
 *   | {type: 'forget'} | {type: 'close'}} Order
 */

import {now} from '../../workers/clock.js';
import {WorkerRoute} from './worker-route.js';

/** Between two reports. */
const REPORT_MS = 200;

/** @type {WorkerRoute | undefined} */
let route;

self.onmessage = ({data}) => obey(data);
self.postMessage(null); // it is there

function obey(/** @type {Order} */ order) {
  switch (order.type) {
    case 'open': return open(order);
    case 'camera': return route?.read(order.readable);
    case 'packet': return route?.display.receive(order.buffer, order.at);
    case 'sent': return route?.display.sent(order.rtp, order.at);
    case 'trip': return route?.display.trip(order.milliseconds);
    case 'change': return route?.display.change(order.wishes);
    case 'forget': return route?.display.forget();
    case 'close': return route?.close().then(() => self.close());
  }
}

function open(/** @type {Extract<Order, {type: 'open'}>} */ {wishes, writable}) {
  route = new WorkerRoute(wishes, writable);
  setInterval(() => self.postMessage(report(/** @type {WorkerRoute} */ (route))), REPORT_MS);
}

/** @returns {import('../local.js').Report} */
function report(/** @type {WorkerRoute} */ {display}) {
  return {...display.tally.report(now()), told: display.tally.take(), stamps: display.stamps, size: display.size};
}
