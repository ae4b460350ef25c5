/** The box in which the page shows that something is wrong. Knows nothing of what. */

export class Notice {
  #box;
  #title;
  #text;
  #button;
  #act = () => {};
  /** Code of the message shown; empty if none. */
  code = '';

  constructor(/** @type {HTMLElement} */ box) {
    this.#box = box;
    this.#title = /** @type {HTMLElement} */ (box.querySelector('#notice-title'));
    this.#text = /** @type {HTMLElement} */ (box.querySelector('#notice-text'));
    this.#button = /** @type {HTMLButtonElement} */ (box.querySelector('#notice-action'));
    this.#button.addEventListener('click', () => this.#act());
  }

  /**
   * @param {string} code
   * @param {import('./words.js').Sentence} sentence
   * @param {() => void} act what the message's button does
   */
  show(code, {title, text, action}, act = () => this.clear()) {
    this.#act = act;
    if (this.code === code) return; // shown already: a screen reader should not read it again
    this.code = code;
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#button.textContent = action ?? '';
    this.#button.hidden = !action;
    this.#box.dataset.code = code;
    this.#box.hidden = false;
  }

  /** Hides the message; with codes, only if it is one of these. */
  clear(/** @type {string[]} */ ...codes) {
    if (codes.length > 0 && !codes.includes(this.code)) return;
    this.code = '';
    this.#box.hidden = true;
  }
}
