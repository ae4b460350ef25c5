/**
 * Keeps the relay's settings and the page's the same: one message under way at a time, and the newest wins, however
 * fast a slider moves. Knows nothing of sliders.
 */

export class CorrectionLine {
  #settings;
  /** @type {(message: object) => void} */
  #say = () => {};
  #underWay = false;
  #stale = false;
  #adopting = false;

  constructor(/** @type {import('./settings.js').Settings} */ settings) {
    this.#settings = settings;
    settings.addEventListener('change', () => this.#push());
  }

  /** A new connection: it was opened with settings that may have changed meanwhile. */
  connect(/** @type {(message: object) => void} */ say) {
    this.#say = say;
    this.#underWay = false;
    this.#push();
  }

  /** The connection has ended. */
  disconnect() {
    this.#say = () => {};
    this.#underWay = false;
  }

  /** An answer, or settings that the relay changed by itself (after a calibration). */
  hear(/** @type {{type: string}} */ message) {
    this.#underWay = false;
    if (this.#stale) this.#push();
    else if (message.type === 'settings') this.#adopt(message);
  }

  #adopt(/** @type {object} */ message) {
    this.#adopting = true;
    this.#settings.change(message);
    this.#adopting = false;
  }

  #push() {
    if (this.#adopting) return;
    this.#stale = this.#underWay;
    if (this.#underWay) return;
    this.#underWay = true;
    this.#say({type: 'settings', ...this.#settings.correction});
  }
}
