/**
 * The stream in use: opened from the chosen devices, changed while it runs, stopped with its signal. Knows nothing
 * of the relay or of the page.
 */

import {CameraError, changeCamera, changeMicrophone, openCamera} from './camera.js';
import {NO_MICROPHONE} from '../client/settings.js';

/** Fires `gone` when the camera ends by itself. */
export class Source extends EventTarget {
  #signal;

  /**
   * @param {MediaStream} stream
   * @param {boolean} soundless a microphone was wanted and is not to be had
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
   * Asks for camera and microphone. Raises CameraError, or the signal's reason when it aborts meanwhile.
   * @param {{camera: string, microphone: string}} wish
   * @param {AbortSignal} signal
   */
  static async open(wish, signal) {
    const {stream, soundless} = await openCamera(wish);
    if (signal.aborted) stream.getTracks().forEach((track) => track.stop());
    signal.throwIfAborted();
    return new Source(stream, soundless, signal);
  }

  /** Shows another camera from now on. @returns {Promise<MediaStreamTrack>} */
  async takeCamera(/** @type {string} */ id) {
    const present = this.stream.getVideoTracks()[0];
    const track = await changeCamera(id, present);
    this.#exchange(present, track);
    this.#watch(track);
    return track;
  }

  /** Hears another microphone, or none. @returns {Promise<MediaStreamTrack | null>} */
  async takeMicrophone(/** @type {string} */ id) {
    const track = id === NO_MICROPHONE ? null : await changeMicrophone(id);
    this.#exchange(this.stream.getAudioTracks()[0], track);
    return track;
  }

  #exchange(/** @type {MediaStreamTrack | undefined} */ former, /** @type {MediaStreamTrack | null} */ next) {
    former?.stop();
    if (former) this.stream.removeTrack(former);
    if (next) this.stream.addTrack(next);
    if (this.#signal.aborted) this.#stop();
  }

  /** `ended` comes when the device goes, never when we stop it. */
  #watch(/** @type {MediaStreamTrack} */ track) {
    track.addEventListener('ended', () => {
      this.dispatchEvent(new CustomEvent('gone', {detail: new CameraError('camera_gone')}));
    }, {signal: this.#signal});
  }

  #stop() {
    for (const track of this.stream.getTracks()) track.stop();
  }
}
