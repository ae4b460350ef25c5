/**
 * Lies between a sender's encoder and the network: every frame goes on untouched, its RTP timestamp is told. That is
 * all that Chromium (156) says there about a frame; when it was captured is not among the metadata. Hence stamps.js.
 */

import {now} from '../workers/clock.js';

self.addEventListener('rtctransform', ({transformer: {readable, writable}}) => {
  readable.pipeThrough(new TransformStream({transform})).pipeTo(writable).catch(() => {});
});

/** @type {Transformer<RTCEncodedVideoFrame, RTCEncodedVideoFrame>['transform']} */
function transform(frame, controller) {
  const {rtpTimestamp} = frame.getMetadata();
  controller.enqueue(frame);
  if (rtpTimestamp !== undefined) self.postMessage({rtp: rtpTimestamp, at: now()});
}
