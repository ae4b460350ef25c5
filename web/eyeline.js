/**
 * Eyeline's client library: takes a camera's track and returns one in which the eyes are turned towards the lens, for
 * any meeting. On any failure the returned track shows the camera's own frames, and an event says why.
 *
 *   import {correctTrack} from 'https://relay.example/eyeline.js';
 *   const corrected = await correctTrack(camera, {token, audio: microphone});
 *   connection.addTrack(corrected.track);
 *   corrected.addEventListener('state', ({detail}) => console.log(detail.state, detail.message));
 *   corrected.change({strength: 80}); corrected.stats(); corrected.stop();
 *
 * client/corrected.js ties everything together:
 *   connection/call.js, peer.js, api.js, token.js            the connection to the relay, and its retries
 *   connection/connection-monitor.js, connecting.js, patience.js   slow or dead: timeouts depend on what arrives
 *   local-correction.js, ../warp/local.js                    warping in this browser
 *   tracks.js, track/output.js, track/switch.js, track/audio.js   output tracks that stay the same while sources change
 *   synced-settings.js, status.js, statistics.js             settings, status and statistics
 *
 * Adapters for LiveKit, Jitsi and any RTCRtpSender are in adapters/, complete programs in examples/. Knows nothing of
 * the page, which is built on it.
 */

import {Corrected} from './client/corrected.js';

export {Corrected};

/**
 * Resolves at once: the track shows the camera's own frames until corrected ones arrive. Rejects with TypeError for a
 * wrong argument only.
 * @param {MediaStreamTrack} camera belongs to the caller: it is not stopped here
 * @param {import('./eyeline.d.ts').CorrectOptions} [options]
 */
export async function correctTrack(camera, options) {
  return new Corrected(camera, options);
}
