/**
 * What is wished of the relay and of this browser, checked, and kept the same at both ends of the connection. Knows
 * nothing of tracks or of the page.
 */

import {CorrectionSync} from './correction.js';
import {checkChange, checkPlace, settingsOf} from './options.js';
import {Settings} from './settings.js';

/** @typedef {import('../eyeline.d.ts').EyelineSettings} EyelineSettings */

/** Settings last as long as this page; who wants more keeps them himself. */
const NO_STORAGE = {getItem: () => null, setItem: () => {}};

export class SyncedSettings {
  #settings = new Settings(NO_STORAGE);
  #sync = new CorrectionSync(this.#settings);
  #publish;

  /** @param {import('../eyeline.d.ts').CorrectOptions} options that have been checked */
  constructor(options) {
    this.#publish = options.publish;
    this.#settings.change(settingsOf(options));
  }

  /** @returns {EyelineSettings} */
  get settings() {
    return {...this.correction, where: this.where};
  }

  /** How eyes are to be turned. */
  get correction() {
    return this.#settings.correction;
  }

  /** Who is to move the pixels. */
  get where() {
    return this.#settings.all.where;
  }

  /**
   * Changes what is named, and says so to the relay. Throws TypeError for what is unknown or out of range.
   * @param {Partial<EyelineSettings>} candidate
   * @returns {boolean} whether it is another place now that moves the pixels
   */
  change(candidate) {
    const accepted = checkChange(candidate);
    checkPlace(this.#publish, accepted.where);
    const before = this.where;
    this.#settings.change(accepted);
    return this.where !== before;
  }

  /** What the relay uses where nothing is wished. */
  adoptDefaults(/** @type {unknown} */ candidate) {
    this.#settings.adoptDefaults(candidate);
  }

  /** A new connection. */
  connect(/** @type {(message: object) => void} */ send) {
    this.#sync.connect(send);
  }

  disconnect() {
    this.#sync.disconnect();
  }

  /** The relay's answer to a change, or settings that it has changed by itself. @returns {boolean} whether they are others now */
  receive(/** @type {{type: string}} */ message) {
    const before = JSON.stringify(this.settings);
    this.#sync.receive(message);
    return JSON.stringify(this.settings) !== before;
  }
}
