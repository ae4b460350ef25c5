/**
 * The small copy of the camera that goes to the relay: a track of pictures at most 640 pixels long, the limits of its
 * encoder, and word of the RTP timestamp of every frame that leaves it. Knows nothing of connections.
 */

import {startWorker} from '../workers/start.js';

/** The longer side of the copy: the relay finds eyes in pictures of this size; more would only cost. */
const MAX_SIDE = 640;
const FRAME_RATE = 30;

/** Plenty for landmarks at that size, little for a network; bit/s. */
const BITRATE = 800_000;

/**
 * A copy of the camera's track, made smaller where the browser can do that to the copy alone; else prepare() does.
 * The copy's shape stays the camera's: a cropped one would not fit.
 */
export function smallCopy(/** @type {MediaStreamTrack} */ camera) {
  const copy = camera.clone();
  shrink(copy, camera);
  return copy;
}

async function shrink(/** @type {MediaStreamTrack} */ copy, /** @type {MediaStreamTrack} */ camera) {
  const {width, height} = camera.getSettings();
  const factor = downscaleFactor(camera);
  if (!width || !height || factor <= 1) return;
  const size = {width: Math.round(width / factor), height: Math.round(height / factor)};
  await copy.applyConstraints({...size, frameRate: FRAME_RATE}).catch(() => {});
  // Some browsers have one size for a camera and all its copies; ours has to stay as large as it was.
  if (camera.getSettings().width !== width) await copy.applyConstraints({width, height}).catch(() => {});
}

/** By how much a track's pictures are larger than they need be, each way. */
function downscaleFactor(/** @type {MediaStreamTrack | null} */ track) {
  const {width = 0, height = 0} = track?.getSettings() ?? {};
  return Math.max(1, Math.max(width, height) / MAX_SIDE);
}

/**
 * Sets the limits of the encoder, and lets `sent` hear the RTP timestamp of each frame that leaves it, with the moment
 * (clock.js), where the browser tells. To be called before the first frame is sent, again for another track.
 * @param {RTCRtpSender} sender
 * @param {(rtp: number, at: number) => void} sent
 */
export async function prepare(sender, sent) {
  reportTimestamps(sender, sent);
  const parameters = sender.getParameters();
  // A shortage is to cost frames: small eyes cannot be corrected well, and between frames they are carried on.
  parameters.degradationPreference = 'maintain-resolution';
  for (const encoding of parameters.encodings) {
    Object.assign(encoding, {maxBitrate: BITRATE, maxFramerate: FRAME_RATE, scaleResolutionDownBy: downscaleFactor(sender.track)});
  }
  await sender.setParameters(parameters).catch(() => {}); // a browser without these keeps its own habit
}

/** One worker for each sender: what it does lies in the way of every frame, and nothing else may. */
function reportTimestamps(/** @type {RTCRtpSender} */ sender, /** @type {(rtp: number, at: number) => void} */ sent) {
  if (sender.transform || typeof RTCRtpScriptTransform === 'undefined') return;
  const worker = startWorker(new URL('./sender-worker.js', import.meta.url), 'sender');
  worker.onmessage = ({data: {rtp, at}}) => sent(rtp, at);
  sender.transform = new RTCRtpScriptTransform(worker, {});
}
