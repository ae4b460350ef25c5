/**
 * What the others see and hear of this participant: the camera's video, corrected by the relay and published by this
 * page; or corrected and published by the relay itself; or, if neither is possible, the camera's own video, published
 * by this page. Knows nothing of rooms or of the page.
 *
 * @typedef {{camera: boolean, microphone: boolean, correction: boolean}} Switches
 * @typedef {import('./publication.js').Offering} Offering
 * @typedef {import('../eyeline.js').Corrected} Corrected
 */

import {Equipment} from './equipment.js';
import {Way} from './way.js';

/**
 * Fires `change` when what is published or shown has changed, `trouble` (detail: a code) for a camera or microphone
 * that is not available, and `ended` (detail: a sentence) when the room has removed what the relay published.
 */
export class Myself extends EventTarget {
  #parts;
  #equipment;
  #way;
  /** @type {Corrected | undefined} */
  #corrected;
  /** @type {Switches} */
  switches;

  /**
   * @param {{settings: import('../client/settings.js').Settings, switches: Switches, viaRelay: boolean,
   *   blank: import('./blank.js').Blank, correct: (camera: MediaStreamTrack, options: object) => Corrected}} parts
   *   blank: published where there is no camera; correct: starts the correction of a camera's track
   */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.switches = {...parts.switches};
    this.#equipment = new Equipment(parts.settings, !parts.switches.microphone);
    this.#equipment.addEventListener('trouble', (event) => this.#onTrouble(/** @type {CustomEvent} */ (event).detail));
    this.#way = new Way(parts.viaRelay, parts.switches.correction);
    this.#way.addEventListener('change', () => this.dispatchEvent(new Event('change')));
  }

  /** Opens the devices that are switched on, as far as they are available. */
  async open() {
    await this.#equipment.open(this.switches.camera);
    this.#update();
  }

  /** Whether there is a camera. */
  get seen() {
    return this.#equipment.camera !== null;
  }

  /** Whether there is a microphone, and it is not muted. */
  get heard() {
    return this.#equipment.microphone !== null && this.switches.microphone;
  }

  /** Whether the others see corrected video. */
  get corrected() {
    return this.#way.corrected;
  }

  /** Whether that has been stable for a while. */
  get settled() {
    return this.#way.settled;
  }

  /** Why not, as a code and a sentence; both empty where nothing is wrong. */
  get trouble() {
    const {code = '', message = ''} = this.#corrected?.status ?? {};
    return this.switches.correction && !this.corrected ? {code, message} : {code: '', message: ''};
  }

  /** The track of the own tile. @returns {MediaStreamTrack} */
  get picture() {
    return this.#corrected?.track ?? this.#equipment.camera ?? this.#parts.blank.track;
  }

  /** What this page publishes; null while the relay does, or is about to. @returns {Offering | null} */
  get offering() {
    const {camera, microphone} = this.#equipment;
    const {viaRelay, blank} = this.#parts;
    if (viaRelay && (!this.#way.inside || this.#corrected && this.#way.reliesOnRelay)) return null;
    const own = viaRelay ? undefined : this.#corrected;
    return {video: own?.track ?? camera ?? blank.track, audio: own?.audio ?? microphone};
  }

  /** Called when the room has been joined. */
  enter() {
    if (this.#way.inside) return;
    this.#way.enter();
    this.#update();
  }

  /** Called when the room has been left. */
  leave() {
    this.#way.leave();
    this.#update();
  }

  /** Sets whether the feed that the relay publishes is in the room. */
  setPresent(/** @type {boolean} */ present) {
    this.#way.setPresent(present);
  }

  /** Turns a switch on or off. @param {keyof Switches} what @param {boolean} on */
  async turn(what, on) {
    this.switches[what] = on;
    if (what === 'microphone') await this.#turnMicrophone(on);
    if (what === 'camera') await this.#turnCamera(on);
    if (what === 'correction') this.#turnCorrection(on);
    this.#update();
  }

  /** Called when another device is chosen. @param {'camera' | 'microphone'} what */
  async change(what) {
    const previous = this.#equipment[what];
    if (what === 'microphone') {
      await this.#equipment.startMicrophone();
      await this.#corrected?.replaceMicrophone(this.#equipment.microphone);
    } else if (previous) {
      await this.#equipment.startCamera();
      if (this.#equipment.camera) await this.#corrected?.replaceCamera(this.#equipment.camera);
    }
    previous?.stop();
    this.#way.update();
  }

  /** Retries the relay now. */
  retry() {
    this.#corrected?.retry();
  }

  /** Stops correction and devices. */
  stop() {
    this.#stopCorrection();
    this.#equipment.stop();
    this.#parts.blank.stop();
  }

  async #turnMicrophone(/** @type {boolean} */ on) {
    this.#equipment.mute(!on);
    if (on && !this.#equipment.microphone) await this.change('microphone');
  }

  async #turnCamera(/** @type {boolean} */ on) {
    if (on) {
      await this.#equipment.startCamera();
      return;
    }
    this.#stopCorrection();
    this.#equipment.stopCamera();
  }

  #turnCorrection(/** @type {boolean} */ on) {
    this.#way.wanted = on;
    if (!this.#parts.viaRelay) this.#corrected?.change({enabled: on});
  }

  #onTrouble(/** @type {string} */ code) {
    if (code !== 'soundless') {
      this.switches.camera = false;
      this.#update();
    }
    this.dispatchEvent(new CustomEvent('trouble', {detail: code}));
  }

  /** Starts or stops the correction as needed, and fires `change`. */
  #update() {
    const {camera} = this.#equipment;
    // Via the relay, correcting means publishing: only while in the room, and only while correction is switched on.
    const wanted = camera && (!this.#parts.viaRelay || this.#way.inside && this.switches.correction);
    if (wanted && !this.#corrected) this.#startCorrection(camera);
    if (!wanted) this.#stopCorrection();
    this.#way.update();
  }

  #startCorrection(/** @type {MediaStreamTrack} */ camera) {
    const {enabled: _, ...correction} = this.#parts.settings.correction;
    const options = {...correction, enabled: this.switches.correction, audio: this.#equipment.microphone};
    const corrected = this.#corrected = this.#parts.correct(camera, options);
    corrected.addEventListener('state', () => {
      if (corrected === this.#corrected) this.#way.setStatus(corrected.status);
    });
    corrected.addEventListener('meeting', (event) => {
      const {state, detail} = /** @type {CustomEvent} */ (event).detail;
      if (state === 'ended') this.dispatchEvent(new CustomEvent('ended', {detail}));
    });
  }

  #stopCorrection() {
    const previous = this.#corrected;
    this.#corrected = undefined;
    this.#way.clearStatus();
    previous?.stop();
  }
}
