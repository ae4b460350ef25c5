/**
 * The stream in use: opened from the chosen devices, changed while it runs, stopped by its signal. Knows nothing of the
 * relay or of the page.
 */

import {CameraError, changeCamera, changeMicrophone, openCamera} from './camera.js';
import {NO_MICROPHONE} from '../client/settings.js';

/** Fires `gone` when the camera ends by itself. */
export class Source extends EventTarget {
  #signal;

  /**
   * @param {MediaStream} stream
   * @param {boolean} soundless a microphone was requested but is not available
   * @param {AbortSignal} signal
   */
  constructor(stream, soundless, signal) {
    super();
    this.stream = stream;
    this.soundless = soundless;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#stop());
    this.#watch(stream.getVideoTracks()[0]);
  }

  /**
   * Opens camera and microphone. Raises CameraError, or the signal's reason when it aborts meanwhile.
   * @param {{camera: string, microphone: string}} request
   * @param {AbortSignal} signal
   */
  static async open(request, signal) {
    const {stream, soundless} = await openCamera(request);
    if (signal.aborted) stream.getTracks().forEach((track) => track.stop());
    signal.throwIfAborted();
    return new Source(stream, soundless, signal);
  }

  /** Replaces the camera. @returns {Promise<MediaStreamTrack>} */
  async takeCamera(/** @type {string} */ id) {
    const current = this.stream.getVideoTracks()[0];
    const track = await changeCamera(id, current);
    this.#replace(current, track);
    this.#watch(track);
    return track;
  }

  /** Replaces the microphone, or removes it. @returns {Promise<MediaStreamTrack | null>} */
  async takeMicrophone(/** @type {string} */ id) {
    const track = id === NO_MICROPHONE ? null : await changeMicrophone(id);
    this.#replace(this.stream.getAudioTracks()[0], track);
    return track;
  }

  #replace(/** @type {MediaStreamTrack | undefined} */ previous, /** @type {MediaStreamTrack | null} */ next) {
    previous?.stop();
    if (previous) this.stream.removeTrack(previous);
    if (next) this.stream.addTrack(next);
    if (this.#signal.aborted) this.#stop();
  }

  /** `ended` fires when the device is disconnected, never on stop(). */
  #watch(/** @type {MediaStreamTrack} */ track) {
    track.addEventListener('ended', () => {
      this.dispatchEvent(new CustomEvent('gone', {detail: new CameraError('camera_gone')}));
    }, {signal: this.#signal});
  }

  #stop() {
    for (const track of this.stream.getTracks()) track.stop();
  }
}
