/**
 * Jitsi: an effect for a JitsiLocalTrack of lib-jitsi-meet.
 *
 *   const effect = eyelineEffect({relay: 'https://relay.example', token});
 *   await track.setEffect(effect);        // and track.setEffect(undefined) for the camera as it is
 *   effect.corrected?.change({strength: 80});
 */

import {Corrected} from '../client/corrected.js';

/** @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions */

class EyelineEffect {
  #options;
  /** Settings, figures and events, while it is at work. @type {Corrected | undefined} */
  corrected;

  /** @param {CorrectOptions} [options] */
  constructor(options) {
    this.#options = options;
  }

  /** A camera's track it can do something for; not sound, and not a shared screen. */
  isEnabled(/** @type {{isVideoTrack(): boolean, videoType?: string}} */ track) {
    return track.isVideoTrack() && track.videoType !== 'desktop';
  }

  /** Jitsi gives it a camera's stream, and gets what the meeting is to see. @param {MediaStream} stream */
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
