/**
 * Eyeline's client library: a camera's track goes in, out comes one with the eyes turned towards the lens, for any
 * meeting. Whatever fails, it goes on with the camera's own picture, and an event says why.
 *
 *   import {correctTrack} from 'https://relay.example/eyeline.js';
 *   const corrected = await correctTrack(camera, {token, audio: microphone});
 *   connection.addTrack(corrected.track);
 *   corrected.addEventListener('state', ({detail}) => console.log(detail.state, detail.message));
 *   corrected.change({strength: 80}); corrected.stats(); corrected.stop();
 *
 * corrected.js ties everything together:
 *   call.js, peer.js, api.js, token.js     to the relay and back, again and again where it has to be
 *   watch.js, connecting.js, patience.js   what is slow and what is dead: who waits goes by what moves, not by the clock
 *   here.js, local.js                      where this browser warps
 *   tracks.js, output.js, switch.js, sound.js     the tracks that stay the same while what feeds them changes
 *   wishes.js, standing.js, statistics.js  what is wished, what is so, and the figures
 *
 * Adapters for LiveKit, Jitsi and any RTCRtpSender are in adapters/, whole programs in examples/. Knows nothing of the
 * page, which is built on it.
 */

import {Corrected} from './client/corrected.js';

export {Corrected};

/**
 * Resolves at once: the track shows the camera's own picture until the corrected one is there. Rejects with a
 * TypeError for a wrong argument, and for nothing else.
 * @param {MediaStreamTrack} camera stays its owner's: it is not stopped here
 * @param {import('./eyeline.d.ts').CorrectOptions} [options]
 */
export async function correctTrack(camera, options) {
  return new Corrected(camera, options);
}
