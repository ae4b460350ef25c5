/**
 * The worker of the library's track: messages in, messages out, around a SwitchRoute. Beside it nothing runs here, so
 * that neither the page nor a hidden tab holds up a frame. Its first word says that it is there.
 *
 * @typedef {{type: 'open', writable: WritableStream<VideoFrame>, past: import('./switch-route.js').Past}
 *   | {type: 'camera', readable: ReadableStream<VideoFrame>}
 *   | {type: 'corrected', readable: ReadableStream<VideoFrame> | undefined}
 *   | {type: 'close'}} Order
 */

import {SwitchRoute} from './switch-route.js';

/** @type {SwitchRoute | undefined} */
let route;

self.onmessage = ({data}) => obey(data);
self.postMessage(null);

function obey(/** @type {Order} */ order) {
  switch (order.type) {
    case 'open':
      route = new SwitchRoute(order.writable, (report) => self.postMessage(report), order.past);
      return;
    case 'camera': return route?.camera(order.readable);
    case 'corrected': return route?.follow(order.readable);
    case 'close': return route?.close().then(() => self.close());
  }
}
