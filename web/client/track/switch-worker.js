/**
 * The worker of the library's track: messages in and out around a SwitchRoute. Nothing else runs here, so neither the
 * page nor a hidden tab delays a frame. Its first message, null, says that it has started.
 *
 * @typedef {{type: 'open', writable: WritableStream<VideoFrame>, state: import('./switch-route.js').RouteState}
 *   | {type: 'camera', readable: ReadableStream<VideoFrame>}
 *   | {type: 'corrected', readable: ReadableStream<VideoFrame> | undefined}
 *   | {type: 'close'}} Message
 */

import {SwitchRoute} from './switch-route.js';

/** @type {SwitchRoute | undefined} */
let route;

self.onmessage = ({data}) => handleMessage(data);
self.postMessage(null);

function handleMessage(/** @type {Message} */ message) {
  switch (message.type) {
    case 'open':
      route = new SwitchRoute(message.writable, (report) => self.postMessage(report), message.state);
      return;
    case 'camera': return route?.camera(message.readable);
    case 'corrected': return route?.follow(message.readable);
    case 'close': return route?.close().then(() => self.close());
  }
}
