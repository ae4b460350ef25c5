/**
 * LiveKit: a TrackProcessor for a LocalVideoTrack of livekit-client 2.
 *
 *   const processor = eyelineProcessor({relay: 'https://relay.example', token});
 *   await track.setProcessor(processor);   // track.stopProcessor() restores the camera
 *   processor.corrected?.change({strength: 80});
 */

import {Corrected} from '../client/corrected.js';

/** @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions @typedef {{track: MediaStreamTrack}} ProcessorOptions */

class EyelineProcessor {
  #options;
  name = 'eyeline';
  /** The track that is published. @type {MediaStreamTrack | undefined} */
  processedTrack;
  /** Settings, statistics and events, while active. @type {Corrected | undefined} */
  corrected;

  /** @param {CorrectOptions} [options] */
  constructor(options) {
    this.#options = options;
  }

  /** Called by LiveKit with a camera. @param {ProcessorOptions} options */
  async init({track}) {
    this.corrected?.stop();
    this.corrected = new Corrected(track, this.#options);
    this.processedTrack = this.corrected.track;
  }

  /**
   * Called by LiveKit with another camera, or the same one restarted; the processed track stays the same.
   * @param {ProcessorOptions} options
   */
  async restart(options) {
    if (!this.corrected || this.corrected.state === 'stopped') return this.init(options);
    return this.corrected.replaceCamera(options.track);
  }

  async destroy() {
    this.corrected?.stop();
    this.corrected = this.processedTrack = undefined;
  }
}

/**
 * For LocalVideoTrack.setProcessor(). Wrong options throw TypeError once it gets a camera.
 * @param {CorrectOptions} [options]
 */
export function eyelineProcessor(options) {
  return new EyelineProcessor(options);
}
