/**
 * Encoded transform of a sender: every frame passes unchanged, and its RTP timestamp is reported. Chromium (156) gives
 * no more here: the metadata do not include the capture time. Hence stamps.js.
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
