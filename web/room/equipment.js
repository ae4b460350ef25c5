/** Camera and microphone of this participant: opened, muted, lost. Knows nothing of how their tracks are used. */

import {CameraError, changeMicrophone, openCamera} from '../page/camera.js';
import {NO_MICROPHONE} from '../client/settings.js';

/** Fires `trouble` (detail: a code; `soundless` for the microphone) when a device cannot be opened or is lost. */
export class Equipment extends EventTarget {
  #settings;
  #muted;
  #soundless = false;
  /** @type {MediaStreamTrack | null} */
  camera = null;
  /** @type {MediaStreamTrack | null} */
  microphone = null;

  /** @param {import('../client/settings.js').Settings} settings which devices @param {boolean} muted */
  constructor(settings, muted) {
    super();
    this.#settings = settings;
    this.#muted = muted;
  }

  /** Opens the microphone, and the camera if wanted; the browser asks once for both. @param {boolean} withCamera */
  async open(withCamera) {
    if (withCamera) await this.startCamera(this.#settings.all.microphone);
    if (!this.microphone && !this.#soundless) await this.startMicrophone();
  }

  /** Opens the chosen camera. @param {string} microphone to open with it */
  async startCamera(microphone = NO_MICROPHONE) {
    try {
      const {stream, soundless} = await openCamera({camera: this.#settings.all.camera, microphone});
      if (soundless) this.#reportNoMicrophone();
      if (microphone !== NO_MICROPHONE) this.#setMicrophone(stream.getAudioTracks()[0] ?? null, soundless);
      const track = this.camera = stream.getVideoTracks()[0];
      track.addEventListener('ended', () => { if (track === this.camera) this.#onCameraLost('camera_gone'); });
    } catch (error) {
      this.#onCameraLost(error instanceof CameraError ? error.code : 'camera_failed');
    }
  }

  /** Closes the camera. */
  stopCamera() {
    this.camera?.stop();
    this.camera = null;
  }

  /** Opens the chosen microphone; the previous track continues until its user stops it. */
  async startMicrophone() {
    this.microphone = null;
    const {microphone} = this.#settings.all;
    if (microphone === NO_MICROPHONE) return;
    try {
      this.#setMicrophone(await changeMicrophone(microphone), false);
    } catch {
      this.#reportNoMicrophone();
    }
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
  }

  stop() {
    this.stopCamera();
    this.microphone?.stop();
  }

  #onCameraLost(/** @type {string} */ code) {
    this.stopCamera();
    this.dispatchEvent(new CustomEvent('trouble', {detail: code}));
  }

  /** @param {MediaStreamTrack | null} microphone @param {boolean} soundless its absence has been reported */
  #setMicrophone(microphone, soundless) {
    this.microphone = microphone;
    this.#soundless = soundless;
    this.mute(this.#muted);
  }

  #reportNoMicrophone() {
    this.#soundless = true;
    this.dispatchEvent(new CustomEvent('trouble', {detail: 'soundless'}));
  }
}
