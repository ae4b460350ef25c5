/**
 * Any RTCRtpSender, of a meeting that knows nothing of Eyeline: it sends the corrected track in the place of its own,
 * without renegotiating.
 */

import {Corrected} from '../client/corrected.js';

/**
 * From now on the sender sends its camera corrected; with stop(), as it is again. Resolves when it does. Rejects with
 * TypeError where it sends no video, and with the browser's own error where it refuses the track.
 * @param {RTCRtpSender} sender
 * @param {import('../eyeline.d.ts').CorrectOptions} [options]
 */
export async function correctSender(sender, options) {
  const camera = sender.track;
  if (!camera) throw new TypeError('the sender has no track that could be corrected');
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
