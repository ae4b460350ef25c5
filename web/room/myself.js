/**
 * What the others see and hear of this person: the camera's picture, corrected in the relay and published by this page;
 * or corrected and published by the relay itself; or, whenever one of that cannot be had, the camera's own picture,
 * published by this page. Knows nothing of rooms or of the page.
 *
 * @typedef {{camera: boolean, microphone: boolean, correction: boolean}} Wishes
 * @typedef {import('./publication.js').Offering} Offering
 * @typedef {import('../eyeline.js').Corrected} Corrected
 */

import {Equipment} from './equipment.js';
import {Way} from './way.js';

/**
 * Fires `change` when there is something else to publish, to show or to say, `trouble` (detail: a code) for a camera or
 * microphone that cannot be had, and `ended` (detail: a sentence) when the room has put out what the relay published.
 */
export class Myself extends EventTarget {
  #parts;
  #equipment;
  #way;
  /** @type {Corrected | undefined} */
  #corrected;
  /** @type {SyncedSettings} */
  wishes;

  /**
   * @param {{settings: import('../client/settings.js').Settings, wishes: Wishes, viaRelay: boolean,
   *   blank: import('./blank.js').Blank, correct: (camera: MediaStreamTrack, wish: object) => Corrected}} parts
   *   blank: shown where there is no camera; correct: begins to correct a camera's track
   */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.wishes = {...parts.wishes};
    this.#equipment = new Equipment(parts.settings, !parts.wishes.microphone);
    this.#equipment.addEventListener('trouble', (event) => this.#miss(/** @type {CustomEvent} */ (event).detail));
    this.#way = new Way(parts.viaRelay, parts.wishes.correction);
    this.#way.addEventListener('change', () => this.dispatchEvent(new Event('change')));
  }

  /** Opens what is wished for, as far as it can be had. */
  async open() {
    await this.#equipment.open(this.wishes.camera);
    this.#follow();
  }

  /** Whether there is a camera's picture. */
  get seen() {
    return this.#equipment.camera !== null;
  }

  /** Whether there is a microphone, and it is not muted. */
  get heard() {
    return this.#equipment.microphone !== null && this.wishes.microphone;
  }

  /** Whether the others see eyes that are turned. */
  get corrected() {
    return this.#way.corrected;
  }

  /** Whether that has been so for a while. */
  get settled() {
    return this.#way.settled;
  }

  /** Why not, for programs and for people; empty codes where nothing is wrong. */
  get trouble() {
    const {code = '', message = ''} = this.#corrected?.status ?? {};
    return this.wishes.correction && !this.corrected ? {code, message} : {code: '', message: ''};
  }

  /** What one sees of oneself. @returns {MediaStreamTrack} */
  get picture() {
    return this.#corrected?.track ?? this.#equipment.camera ?? this.#parts.blank.track;
  }

  /** What this page is to publish; null while the relay does, or is about to. @returns {Offering | null} */
  get offering() {
    const {camera, microphone} = this.#equipment;
    const {viaRelay, blank} = this.#parts;
    if (viaRelay && (!this.#way.inside || this.#corrected && this.#way.reliesOnRelay)) return null;
    const own = viaRelay ? undefined : this.#corrected;
    return {video: own?.track ?? camera ?? blank.track, audio: own?.audio ?? microphone};
  }

  /** From now on others are looking. */
  enter() {
    if (this.#way.inside) return;
    this.#way.enter();
    this.#follow();
  }

  /** Nobody is any more. */
  leave() {
    this.#way.leave();
    this.#follow();
  }

  /** Whether what the relay publishes is in the room. */
  see(/** @type {boolean} */ present) {
    this.#way.see(present);
  }

  /** @param {keyof Wishes} what @param {boolean} on */
  async turn(what, on) {
    this.wishes[what] = on;
    if (what === 'microphone') await this.#turnMicrophone(on);
    if (what === 'camera') await this.#turnCamera(on);
    if (what === 'correction') this.#turnCorrection(on);
    this.#follow();
  }

  /** Another device is chosen. @param {'camera' | 'microphone'} what */
  async change(what) {
    const former = this.#equipment[what];
    if (what === 'microphone') {
      await this.#equipment.listen();
      await this.#corrected?.replaceMicrophone(this.#equipment.microphone);
    } else if (former) {
      await this.#equipment.look();
      if (this.#equipment.camera) await this.#corrected?.replaceCamera(this.#equipment.camera);
    }
    former?.stop();
    this.#way.update();
  }

  /** Asks the relay again now. */
  retry() {
    this.#corrected?.retry();
  }

  /** Lets go of everything. */
  end() {
    this.#uncorrect();
    this.#equipment.end();
    this.#parts.blank.stop();
  }

  async #turnMicrophone(/** @type {boolean} */ on) {
    this.#equipment.mute(!on);
    if (on && !this.#equipment.microphone) await this.change('microphone');
  }

  async #turnCamera(/** @type {boolean} */ on) {
    if (on) {
      await this.#equipment.look();
      return;
    }
    this.#uncorrect();
    this.#equipment.shut();
  }

  #turnCorrection(/** @type {boolean} */ on) {
    this.#way.wanted = on;
    if (!this.#parts.viaRelay) this.#corrected?.change({enabled: on});
  }

  #miss(/** @type {string} */ code) {
    if (code !== 'soundless') {
      this.wishes.camera = false;
      this.#follow();
    }
    this.dispatchEvent(new CustomEvent('trouble', {detail: code}));
  }

  /** Begins or ends to correct, and says that something has changed. */
  #follow() {
    const {camera} = this.#equipment;
    // The relay publishes what it corrects, so there it is to be only while others look, and only while it is wanted.
    const wanted = camera && (!this.#parts.viaRelay || this.#way.inside && this.wishes.correction);
    if (wanted && !this.#corrected) this.#correct(camera);
    if (!wanted) this.#uncorrect();
    this.#way.update();
  }

  #correct(/** @type {MediaStreamTrack} */ camera) {
    const {enabled: _, ...correction} = this.#parts.settings.correction;
    const wish = {...correction, enabled: this.wishes.correction, audio: this.#equipment.microphone};
    const corrected = this.#corrected = this.#parts.correct(camera, wish);
    corrected.addEventListener('state', () => { if (corrected === this.#corrected) this.#way.judge(corrected.status); });
    corrected.addEventListener('meeting', (event) => {
      const {state, detail} = /** @type {CustomEvent} */ (event).detail;
      if (state === 'ended') this.dispatchEvent(new CustomEvent('ended', {detail}));
    });
  }

  #uncorrect() {
    const former = this.#corrected;
    this.#corrected = undefined;
    this.#way.forget();
    former?.stop();
  }
}
