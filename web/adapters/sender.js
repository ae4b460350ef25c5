/**
 * For any RTCRtpSender, in a meeting that knows nothing of Eyeline: replaces its track with the corrected one, without
 * renegotiation.
 */

import {Corrected} from '../client/corrected.js';

/**
 * Makes the sender send its camera corrected; stop() restores the camera. Resolves when the track is replaced. Rejects
 * with TypeError if it sends no video, and with the browser's own error if that refuses the track.
 * @param {RTCRtpSender} sender
 * @param {import('../eyeline.d.ts').CorrectOptions} [options]
 */
export async function correctSender(sender, options) {
  const camera = sender.track;
  if (!camera) throw new TypeError('the sender has no track to correct');
  const corrected = new Corrected(camera, options);
  corrected.addEventListener('state', () => {
    if (corrected.state === 'stopped' && sender.track === corrected.track) sender.replaceTrack(camera).catch(() => {});
  });
  try {
    await sender.replaceTrack(corrected.track);
  } catch (error) {
    corrected.stop();
    throw error;
  }
  return corrected;
}
