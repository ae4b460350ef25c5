/**
 * Keeps the settings of relay and page in sync: one pending message at a time, and the newest values win, however fast
 * a slider moves. Knows nothing of sliders.
 */

export class CorrectionSync {
  #settings;
  /** @type {(message: object) => void} */
  #send = () => {};
  #pending = false;
  #changed = false;
  #adopting = false;

  constructor(/** @type {import('./settings.js').Settings} */ settings) {
    this.#settings = settings;
    settings.addEventListener('change', () => this.#sendSettings());
  }

  /** A new connection; the settings in its offer may be outdated. */
  connect(/** @type {(message: object) => void} */ send) {
    this.#send = send;
    this.#pending = false;
    this.#sendSettings();
  }

  /** The connection has ended. */
  disconnect() {
    this.#send = () => {};
    this.#pending = false;
  }

  /** A reply, or settings that the relay itself changed (after a calibration). */
  receive(/** @type {{type: string}} */ message) {
    this.#pending = false;
    if (this.#changed) this.#sendSettings();
    else if (message.type === 'settings') this.#adopt(message);
  }

  #adopt(/** @type {object} */ message) {
    this.#adopting = true;
    this.#settings.change(message);
    this.#adopting = false;
  }

  #sendSettings() {
    if (this.#adopting) return;
    this.#changed = this.#pending;
    if (this.#pending) return;
    this.#pending = true;
    this.#send({type: 'settings', ...this.#settings.correction});
  }
}
