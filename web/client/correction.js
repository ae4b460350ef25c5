/**
 * Keeps the relay's settings and the page's the same: one message under way at a time, and the newest wins, however
 * fast a slider moves. Knows nothing of sliders.
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

  /** A new connection: it was opened with settings that may have changed meanwhile. */
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

  /** An answer, or settings that the relay changed by itself (after a calibration). */
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
