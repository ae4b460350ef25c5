/**
 * What the others see and hear of this person, and by which way it gets to them: the camera's picture, corrected in the
 * relay and published by this page; or corrected and published by the relay itself; or, whenever one of that cannot be
 * had, the camera's own picture, published by this page. Knows nothing of rooms or of the page.
 *
 * @typedef {{camera: boolean, microphone: boolean, correction: boolean}} Wishes
 * @typedef {import('./room-publication.js').Offering} Offering
 * */

import {CameraError, changeMicrophone, openCamera} from './camera.js';
import {Corrected} from './eyeline.js';
import {Blank} from './room-blank.js';
import {NO_MICROPHONE} from './settings.js';

/** So long the relay may take to be in the room before the page shows the raw picture itself. */
const GRACE_MS = 3000;

/** So long it goes well before the others are told, and before the page leaves it to a relay that publishes. */
const STEADY_MS = 1500;

/** So long a relay that is still in the room may leave this page without a picture before it counts as gone. */
const DOUBT_MS = 3000;

/**
 * Fires `change` when there is something else to publish, to show or to say, `trouble` (detail: a code) for a camera or
 * microphone that cannot be had, and `ended` (detail: a sentence) when the room has put out what the relay published.
 */
export class Myself extends EventTarget {
  #parts;
  #blank;
  /** @type {MediaStreamTrack | null} */
  #camera = null;
  /** @type {MediaStreamTrack | null} */
  #microphone = null;
  /** @type {Corrected | undefined} */
  #corrected;
  #inside = false;
  #patient = false;
  /** Whether what the relay publishes is not in the room. */
  #missing = true;
  #doubtful = false;
  /** Since when the others have been seeing eyes that are turned, performance.now(). */
  #since = Infinity;
  #soundless = false;
  /** @type {Wishes} */
  wishes;

  /**
   * @param {{settings: import('./settings.js').Settings, wishes: Wishes, viaRelay: boolean,
   *   options: () => object, name: () => string}} parts options: what Corrected is to be made with
   */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.wishes = {...parts.wishes};
    this.#blank = new Blank(parts.name);
  }

  /** Opens what is wished for, as far as it can be had. */
  async open() {
    // One question for both, where both are wanted.
    if (this.wishes.camera) await this.#look(this.#parts.settings.all.microphone);
    if (!this.#microphone && !this.#soundless) await this.#listen();
    this.#follow();
  }

  /** Whether there is a camera's picture. */
  get seen() {
    return this.#camera !== null;
  }

  /** Whether there is a microphone, and it is not muted. */
  get heard() {
    return this.#microphone !== null && this.wishes.microphone;
  }

  /** Whether the others see eyes that are turned. */
  get corrected() {
    const alive = this.#corrected?.state === 'corrected';
    const carried = this.#parts.viaRelay ? !this.#missing && (alive || this.#doubtful) : alive;
    return this.wishes.correction && carried;
  }

  /** Why not, for programs and for people; empty codes where nothing is wrong. */
  get trouble() {
    const {code = '', message = ''} = this.#corrected?.status ?? {};
    return this.wishes.correction && !this.corrected ? {code, message} : {code: '', message: ''};
  }

  /** What one sees of oneself. @returns {MediaStreamTrack} */
  get picture() {
    return this.#corrected?.track ?? this.#camera ?? this.#blank.track;
  }

  /** What this page is to publish; null while the relay does, or is about to. @returns {Offering | null} */
  get offering() {
    if (this.#parts.viaRelay && (!this.#inside || this.#corrected && (this.settled || this.#patient))) return null;
    const own = this.#parts.viaRelay ? undefined : this.#corrected;
    return {
      video: own?.track ?? this.#camera ?? this.#blank.track,
      audio: own?.audio ?? this.#microphone,
    };
  }

  /** Whether that has been so for a while; what comes and goes would make the others see tiles and marks come and go. */
  get settled() {
    return this.corrected && performance.now() - this.#since >= STEADY_MS;
  }

  /** From now on others are looking. */
  enter() {
    if (this.#inside) return;
    this.#inside = true;
    this.#patient = true;
    setTimeout(() => { this.#patient = false; this.#announce(); }, GRACE_MS);
    this.#follow();
  }

  /** Nobody is any more. */
  leave() {
    this.#inside = false;
    this.#follow();
  }

  /** Whether what the relay publishes is in the room; the room knows before the relay can say so. */
  see(/** @type {boolean} */ present) {
    this.#missing = !present;
    if (!present) this.#patient = false;
    this.#announce();
  }

  /** @param {keyof Wishes} what @param {boolean} on */
  async turn(what, on) {
    this.wishes[what] = on;
    if (what === 'microphone' && on && !this.#microphone) await this.change('microphone');
    if (this.#microphone) this.#microphone.enabled = this.wishes.microphone;
    if (what === 'camera') await (on ? this.#look() : this.#shut());
    if (this.#corrected && !this.#parts.viaRelay) this.#corrected.change({enabled: this.wishes.correction});
    this.#follow();
  }

  /** Another device is chosen. @param {'camera' | 'microphone'} what */
  async change(what) {
    const former = what === 'camera' ? this.#camera : this.#microphone;
    if (what === 'microphone') {
      this.#microphone = null;
      await this.#listen();
      await this.#corrected?.replaceMicrophone(this.#microphone);
    } else if (this.#camera) {
      await this.#look();
      if (this.#camera) await this.#corrected?.replaceCamera(this.#camera);
    }
    former?.stop();
    this.#announce();
  }

  /** Asks the relay again now. */
  retry() {
    this.#corrected?.retry();
  }

  /** Lets go of everything. */
  end() {
    this.#uncorrect();
    for (const track of [this.#camera, this.#microphone]) track?.stop();
    this.#blank.stop();
  }

  /** @param {string} microphone to be opened with the camera */
  async #look(microphone = NO_MICROPHONE) {
    try {
      const {stream, soundless} = await openCamera({camera: this.#parts.settings.all.camera, microphone});
      if (soundless) this.#miss();
      if (microphone !== NO_MICROPHONE) this.#hear(stream.getAudioTracks()[0] ?? null);
      const track = this.#camera = stream.getVideoTracks()[0];
      track.addEventListener('ended', () => { if (track === this.#camera) this.#lose('camera_gone'); });
    } catch (error) {
      this.#lose(error instanceof CameraError ? error.code : 'camera_failed');
    }
  }

  #lose(/** @type {string} */ code) {
    this.#shut();
    this.wishes.camera = false;
    this.#follow();
    this.dispatchEvent(new CustomEvent('trouble', {detail: code}));
  }

  #shut() {
    this.#uncorrect();
    this.#camera?.stop();
    this.#camera = null;
  }

  async #listen() {
    const {microphone} = this.#parts.settings.all;
    if (microphone === NO_MICROPHONE) return;
    try {
      this.#hear(await changeMicrophone(microphone));
    } catch {
      this.#miss();
    }
  }

  #hear(/** @type {MediaStreamTrack | null} */ microphone) {
    this.#microphone = microphone;
    this.#soundless = false;
    if (microphone) microphone.enabled = this.wishes.microphone;
  }

  #miss() {
    this.#soundless = true;
    this.dispatchEvent(new CustomEvent('trouble', {detail: 'soundless'}));
  }

  /** Begins or ends to correct, and says that something has changed. */
  #follow() {
    // The relay publishes what it corrects, so there it is to be only while others look, and only while it is wanted.
    const wanted = this.#camera && (!this.#parts.viaRelay || this.#inside && this.wishes.correction);
    if (wanted && !this.#corrected) this.#correct(this.#camera);
    if (!wanted) this.#uncorrect();
    this.#announce();
  }

  #correct(/** @type {MediaStreamTrack} */ camera) {
    const {enabled: _, ...correction} = this.#parts.settings.correction;
    const options = {...correction, enabled: this.wishes.correction, audio: this.#microphone, ...this.#parts.options()};
    const corrected = this.#corrected = new Corrected(camera, options);
    corrected.addEventListener('state', () => { if (corrected === this.#corrected) this.#judge(corrected.status); });
    corrected.addEventListener('meeting', (event) => {
      const {state, detail} = /** @type {CustomEvent} */ (event).detail;
      if (state === 'ended') this.dispatchEvent(new CustomEvent('ended', {detail}));
    });
  }

  /** @param {import('./eyeline.d.ts').StateDetail} status */
  #judge({state, code}) {
    const doubtful = state !== 'corrected' && code === 'quiet';
    if (doubtful && !this.#doubtful) setTimeout(() => { this.#doubtful = false; this.#announce(); }, DOUBT_MS);
    this.#doubtful = doubtful;
    this.#announce();
  }

  #uncorrect() {
    const former = this.#corrected;
    this.#corrected = undefined;
    former?.stop();
  }

  #announce() {
    if (!this.corrected) this.#since = Infinity;
    else if (this.#since === Infinity) {
      this.#since = performance.now();
      setTimeout(() => this.#announce(), STEADY_MS + 20);
    }
    this.dispatchEvent(new Event('change'));
  }
}
