/**
 * The worker of local warping: messages in and out around a WorkerRoute. Nothing else runs here, so neither the page
 * nor a hidden tab delays a frame.
 *
 * @typedef {{type: 'open', settings: import('../display.js').DisplaySettings, writable: WritableStream<VideoFrame>}
 *   | {type: 'camera', readable: ReadableStream<VideoFrame>}
 *   | {type: 'packet', buffer: unknown, at: number}
 *   | {type: 'sent', rtp: number, at: number}
 *   | {type: 'trip', milliseconds: number}
 *   | {type: 'change', settings: Partial<import('../display.js').DisplaySettings>}
 *   | {type: 'reset'} | {type: 'close'}} Message
 */

import {now} from '../../workers/clock.js';
import {WorkerRoute} from './worker-route.js';

/** Between two reports, milliseconds. */
const REPORT_MS = 200;

/** @type {WorkerRoute | undefined} */
let route;

self.onmessage = ({data}) => handleMessage(data);
self.postMessage(null); // it has started

function handleMessage(/** @type {Message} */ message) {
  switch (message.type) {
    case 'open': return open(message);
    case 'camera': return route?.read(message.readable);
    case 'packet': return route?.display.receive(message.buffer, message.at);
    case 'sent': return route?.display.sent(message.rtp, message.at);
    case 'trip': return route?.display.trip(message.milliseconds);
    case 'change': return route?.display.change(message.settings);
    case 'reset': return route?.display.reset();
    case 'close': return route?.close().then(() => self.close());
  }
}

function open(/** @type {Extract<Message, {type: 'open'}>} */ {settings, writable}) {
  route = new WorkerRoute(settings, writable);
  setInterval(() => self.postMessage(report(/** @type {WorkerRoute} */ (route))), REPORT_MS);
}

/** @returns {import('../local.js').Report} */
function report(/** @type {WorkerRoute} */ {display}) {
  const {counts, stamps, size} = display;
  return {...counts.report(now()), trace: counts.takeTrace(), stamps, size};
}
