/** The camera and the microphone a person has in the room: opened, muted, lost. Knows nothing of what becomes of them. */

import {CameraError, changeMicrophone, openCamera} from '../page/camera.js';
import {NO_MICROPHONE} from '../client/settings.js';

/** Fires `trouble` (detail: a code; `soundless` for the microphone) for what cannot be had or is gone. */
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

  /** Opens the microphone, and the camera where it is wanted; the browser asks once for both. @param {boolean} seen */
  async open(seen) {
    if (seen) await this.look(this.#settings.all.microphone);
    if (!this.microphone && !this.#soundless) await this.listen();
  }

  /** Opens the camera that is chosen. @param {string} microphone to be opened with it */
  async look(microphone = NO_MICROPHONE) {
    try {
      const {stream, soundless} = await openCamera({camera: this.#settings.all.camera, microphone});
      if (soundless) this.#miss();
      if (microphone !== NO_MICROPHONE) this.#hear(stream.getAudioTracks()[0] ?? null, soundless);
      const track = this.camera = stream.getVideoTracks()[0];
      track.addEventListener('ended', () => { if (track === this.camera) this.#lose('camera_gone'); });
    } catch (error) {
      this.#lose(error instanceof CameraError ? error.code : 'camera_failed');
    }
  }

  /** Lets go of the camera. */
  shut() {
    this.camera?.stop();
    this.camera = null;
  }

  /** Opens the microphone that is chosen; what there was goes on until whoever uses it stops it. */
  async listen() {
    this.microphone = null;
    const {microphone} = this.#settings.all;
    if (microphone === NO_MICROPHONE) return;
    try {
      this.#hear(await changeMicrophone(microphone), false);
    } catch {
      this.#miss();
    }
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
  }

  end() {
    this.shut();
    this.microphone?.stop();
  }

  #lose(/** @type {string} */ code) {
    this.shut();
    this.dispatchEvent(new CustomEvent('trouble', {detail: code}));
  }

  /** @param {MediaStreamTrack | null} microphone @param {boolean} soundless that there is none has been said */
  #hear(microphone, soundless) {
    this.microphone = microphone;
    this.#soundless = soundless;
    this.mute(this.#muted);
  }

  #miss() {
    this.#soundless = true;
    this.dispatchEvent(new CustomEvent('trouble', {detail: 'soundless'}));
  }
}
