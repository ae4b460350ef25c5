/** Shows one of several problems, each reported by its own source: the most severe. Knows nothing of their causes. */

import {Notice} from '../page/notice.js';
import {explain} from './words.js';

/** The most severe first. @typedef {'meeting' | 'camera' | 'microphone' | 'way' | 'relay'} Source @type {Source[]} */
const ORDER = ['meeting', 'camera', 'microphone', 'way', 'relay'];

export class Notices {
  #notice;
  /** @type {Map<Source, {code: string, detail: string, act: (() => void) | undefined}>} */
  #problems = new Map();

  constructor(/** @type {HTMLElement} */ box) {
    this.#notice = new Notice(box);
  }

  /**
   * Sets the problem of a source; an empty code: none.
   * @param {Source} source
   * @param {string} code
   * @param {string} [detail]
   * @param {() => void} [act] what the message's button does, beside hiding the message
   */
  set(source, code, detail = '', act) {
    if (code) this.#problems.set(source, {code, detail, act});
    else this.#problems.delete(source);
    this.#show();
  }

  #show() {
    const source = ORDER.find((one) => this.#problems.has(one));
    if (!source) {
      this.#notice.clear();
      return;
    }
    const {code, detail, act} = /** @type {any} */ (this.#problems.get(source));
    this.#notice.show(code, explain(code, detail), () => {
      this.set(source, '');
      act?.();
    });
  }
}
