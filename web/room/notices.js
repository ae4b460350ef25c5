/** Several things can be wrong at a time, each told by its own part; the worst of them is shown. Knows nothing of them. */

import {Notice} from '../page/notice.js';
import {explain} from './words.js';

/** The worst first. @typedef {'meeting' | 'camera' | 'microphone' | 'way' | 'relay'} Teller @type {Teller[]} */
const ORDER = ['meeting', 'camera', 'microphone', 'way', 'relay'];

export class Notices {
  #notice;
  /** @type {Map<Teller, {code: string, detail: string, act: (() => void) | undefined}>} */
  #told = new Map();

  constructor(/** @type {HTMLElement} */ box) {
    this.#notice = new Notice(box);
  }

  /**
   * From now on this is wrong with that part; an empty code: nothing is.
   * @param {Teller} teller
   * @param {string} code
   * @param {string} [detail]
   * @param {() => void} [act] what the sentence's button does, beside taking the sentence away
   */
  say(teller, code, detail = '', act) {
    if (code) this.#told.set(teller, {code, detail, act});
    else this.#told.delete(teller);
    this.#show();
  }

  #show() {
    const teller = ORDER.find((one) => this.#told.has(one));
    if (!teller) {
      this.#notice.clear();
      return;
    }
    const {code, detail, act} = /** @type {any} */ (this.#told.get(teller));
    this.#notice.say(code, explain(code, detail), () => {
      this.say(teller, '');
      act?.();
    });
  }
}
