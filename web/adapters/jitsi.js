/**
 * Jitsi: an effect for a JitsiLocalTrack of lib-jitsi-meet.
 *
 *   const effect = eyelineEffect({relay: 'https://relay.example', token});
 *   await track.setEffect(effect);        // track.setEffect(undefined) restores the camera
 *   effect.corrected?.change({strength: 80});
 */

import {Corrected} from '../client/corrected.js';

/** @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions */

class EyelineEffect {
  #options;
  /** Settings, statistics and events, while active. @type {Corrected | undefined} */
  corrected;

  /** @param {CorrectOptions} [options] */
  constructor(options) {
    this.#options = options;
  }

  /** Whether the track is a camera's: not audio, and not a shared screen. */
  isEnabled(/** @type {{isVideoTrack(): boolean, videoType?: string}} */ track) {
    return track.isVideoTrack() && track.videoType !== 'desktop';
  }

  /** Called by Jitsi with the camera's stream; returns the stream for the meeting. @param {MediaStream} stream */
  startEffect(stream) {
    this.corrected?.stop();
    this.corrected = new Corrected(stream.getVideoTracks()[0], this.#options);
    return new MediaStream([this.corrected.track]);
  }

  stopEffect() {
    this.corrected?.stop();
    this.corrected = undefined;
  }
}

/** For JitsiLocalTrack.setEffect(). @param {CorrectOptions} [options] */
export function eyelineEffect(options) {
  return new EyelineEffect(options);
}
