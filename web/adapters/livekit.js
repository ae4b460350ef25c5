/**
 * LiveKit: a TrackProcessor for a LocalVideoTrack of livekit-client 2.
 *
 *   const processor = eyelineProcessor({relay: 'https://relay.example', token});
 *   await track.setProcessor(processor);   // and track.stopProcessor() for the camera as it is
 *   processor.corrected?.change({strength: 80});
 */

import {Corrected} from '../client/corrected.js';

/** @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions @typedef {{track: MediaStreamTrack}} ProcessorOptions */

class EyelineProcessor {
  #options;
  name = 'eyeline';
  /** What the room gets. @type {MediaStreamTrack | undefined} */
  processedTrack;
  /** Settings, figures and events, while it is at work. @type {Corrected | undefined} */
  corrected;

  /** @param {CorrectOptions} [options] */
  constructor(options) {
    this.#options = options;
  }

  /** LiveKit gives it a camera. @param {ProcessorOptions} options */
  async init({track}) {
    this.corrected?.stop();
    this.corrected = new Corrected(track, this.#options);
    this.processedTrack = this.corrected.track;
  }

  /** LiveKit has another camera, or the same one anew; what it makes of it stays the same track. @param {ProcessorOptions} options */
  async restart(options) {
    if (!this.corrected || this.corrected.state === 'stopped') return this.init(options);
    return this.corrected.replaceCamera(options.track);
  }

  async destroy() {
    this.corrected?.stop();
    this.corrected = this.processedTrack = undefined;
  }
}

/** For LocalVideoTrack.setProcessor(). Throws TypeError for wrong options when it gets a camera. @param {CorrectOptions} [options] */
export function eyelineProcessor(options) {
  return new EyelineProcessor(options);
}
