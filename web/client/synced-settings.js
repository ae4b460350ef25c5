/**
 * The caller's settings, validated, and kept in sync between both ends of the connection. Knows nothing of tracks or of
 * the page.
 */

import {CorrectionSync} from './correction.js';
import {checkChange, checkPlace, settingsOf} from './options.js';
import {Settings} from './settings.js';

/** @typedef {import('../eyeline.d.ts').EyelineSettings} EyelineSettings */

/** Settings last as long as this page; storing them is left to the caller. */
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

  /** How the eyes are turned. */
  get correction() {
    return this.#settings.correction;
  }

  /** Where frames are warped. */
  get where() {
    return this.#settings.all.where;
  }

  /**
   * Changes the given settings, and sends them to the relay. Throws TypeError for an unknown name or a value out of
   * range.
   * @param {Partial<EyelineSettings>} candidate
   * @returns {boolean} whether frames are now warped elsewhere
   */
  change(candidate) {
    const accepted = checkChange(candidate);
    checkPlace(this.#publish, accepted.where);
    const before = this.where;
    this.#settings.change(accepted);
    return this.where !== before;
  }

  /** The relay's values for settings that were not given. */
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

  /** The relay's reply to a change, or settings that it changed itself. @returns {boolean} whether they have changed */
  receive(/** @type {{type: string}} */ message) {
    const before = JSON.stringify(this.settings);
    this.#sync.receive(message);
    return JSON.stringify(this.settings) !== before;
  }
}
