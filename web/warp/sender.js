/**
 * The small copy of the camera for the relay: a track of frames at most 640 pixels long, the limits of its encoder, and
 * the RTP timestamps of the encoded frames. Knows nothing of connections.
 */

import {startWorker} from '../workers/start.js';

/** The longer side of the copy: enough for the relay to find eyes; more would only cost bandwidth. */
const MAX_SIDE = 640;
const FRAME_RATE = 30;

/** Ample for landmarks at that size; bit/s. */
const BITRATE = 800_000;

/**
 * A copy of the camera's track, downscaled if the browser can do that for the copy alone; else prepare() does. The
 * aspect ratio stays the camera's: cropped frames would not match.
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
  // Some browsers have one size for a camera and all its copies; the camera's must not change.
  if (camera.getSettings().width !== width) await copy.applyConstraints({width, height}).catch(() => {});
}

/** Factor by which a track's frames exceed the limit, in each direction; at least 1. */
function downscaleFactor(/** @type {MediaStreamTrack | null} */ track) {
  const {width = 0, height = 0} = track?.getSettings() ?? {};
  return Math.max(1, Math.max(width, height) / MAX_SIDE);
}

/**
 * Sets the limits of the encoder, and calls `sent` with the RTP timestamp of each encoded frame and the time
 * (clock.js), if the browser supports it. To be called before the first frame is sent, and again for another track.
 * @param {RTCRtpSender} sender
 * @param {(rtp: number, at: number) => void} sent
 */
export async function prepare(sender, sent) {
  reportTimestamps(sender, sent);
  const parameters = sender.getParameters();
  // Low bandwidth should reduce the frame rate: small eyes cannot be corrected well, and motion is compensated.
  parameters.degradationPreference = 'maintain-resolution';
  const scaleResolutionDownBy = downscaleFactor(sender.track);
  for (const encoding of parameters.encodings) {
    Object.assign(encoding, {maxBitrate: BITRATE, maxFramerate: FRAME_RATE, scaleResolutionDownBy});
  }
  await sender.setParameters(parameters).catch(() => {}); // not supported by every browser
}

/** One worker per sender: every frame passes through it, so it does nothing else. */
function reportTimestamps(/** @type {RTCRtpSender} */ sender, /** @type {(rtp: number, at: number) => void} */ sent) {
  if (sender.transform || typeof RTCRtpScriptTransform === 'undefined') return;
  const worker = startWorker(new URL('./sender-worker.js', import.meta.url), 'sender');
  worker.onmessage = ({data: {rtp, at}}) => sent(rtp, at);
  sender.transform = new RTCRtpScriptTransform(worker, {});
}
