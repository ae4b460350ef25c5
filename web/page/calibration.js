/**
 * Two-look calibration, guided: look at the lens, click; look at the other person's face, click. The relay measures;
 * this dialog leads, and says why a look has to be repeated. Knows nothing of connections.
 */

import {explainRejection, namePitch, nameYaw} from './words.js';

/** How long the relay may take for a look it averages over about one second. */
const PATIENCE_MS = 4000;

/** @typedef {'lens' | 'face' | 'done'} Step */

/** @type {Record<Step, {step: string, title: string, text: string, go: string, stop: string}>} */
const PAGES = {
  lens: {
    step: 'Look 1 of 2',
    title: 'Look into the camera lens',
    text: 'Keep your head and eyes still, then press the button, or the space bar, without looking away.',
    go: 'I am looking at the lens',
    stop: 'Cancel',
  },
  face: {
    step: 'Look 2 of 2',
    title: 'Look at the other person',
    text: 'Look at where their face is on your screen during a call, then press again without looking away.',
    go: 'I am looking at their face',
    stop: 'Cancel',
  },
  done: {step: 'Done', title: 'Your direction is set', text: '', go: 'Close', stop: 'Repeat'},
};

export class Calibration {
  #dialog;
  #say;
  #mirrored;
  /** @type {Step} */
  #step = 'lens';
  #timer = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {(message: object) => void} say
   * @param {() => boolean} mirrored whether left and right are to be named as in a mirror
   */
  constructor(dialog, say, mirrored) {
    this.#dialog = dialog;
    this.#say = say;
    this.#mirrored = mirrored;
    this.#button('go').addEventListener('click', () => this.#go());
    this.#button('cancel').addEventListener('click', () => this.#stop());
    dialog.addEventListener('close', () => this.#leave());
  }

  /** Begins with the first look. */
  open() {
    this.#turnTo('lens');
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#button('go').focus();
  }

  /** The relay's `calibration` message. @param {any} message */
  hear(message) {
    if (!this.#dialog.open) return;
    clearTimeout(this.#timer);
    if (message.state === 'looking') this.#measure('Measuring. Keep looking …');
    if (message.state === 'looked') this.#turnTo('face');
    if (message.state === 'rejected') this.#reject(message);
    if (message.state === 'done') this.#finish(message);
  }

  /** The relay has gone: what was measured is lost with it. */
  interrupt() {
    if (!this.#dialog.open || this.#step === 'done') return;
    this.#turnTo('lens');
    this.#complain('The connection to the relay was lost. Begin again when the picture is back.');
  }

  #go() {
    if (this.#step === 'done') return this.#dialog.close();
    if (this.#dialog.dataset.state === 'measuring') return;
    this.#say({type: 'calibrate', look: this.#step});
    this.#measure('Keep looking …');
  }

  #stop() {
    if (this.#step === 'done') this.open();
    else this.#dialog.close();
  }

  #leave() {
    clearTimeout(this.#timer);
    if (this.#step !== 'done') this.#say({type: 'calibrate', look: 'cancel'});
  }

  #turnTo(/** @type {Step} */ step) {
    clearTimeout(this.#timer);
    this.#step = step;
    this.#dialog.dataset.look = step;
    this.#dialog.dataset.state = 'asking';
    const page = PAGES[step];
    this.#put('look-step', page.step);
    this.#put('look-title', page.title);
    this.#put('look-text', page.text);
    this.#button('go').textContent = page.go;
    this.#button('cancel').textContent = page.stop;
  }

  #measure(/** @type {string} */ text) {
    this.#dialog.dataset.state = 'measuring';
    this.#put('look-text', text);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#complain('The relay did not answer. Try once more.'), PATIENCE_MS);
  }

  #reject(/** @type {{look: Step, code: string, message: string}} */ {look, code, message}) {
    this.#turnTo(code === 'wrong_order' ? 'lens' : look);
    this.#complain(explainRejection(code, message));
  }

  #complain(/** @type {string} */ text) {
    this.#dialog.dataset.state = 'rejected';
    this.#put('look-text', text);
    this.#button('go').textContent = 'Try again';
  }

  #finish(/** @type {{pitch: number, yaw: number}} */ {pitch, yaw}) {
    this.#turnTo('done');
    const directions = `${namePitch(pitch)}, ${nameYaw(yaw, this.#mirrored())}`;
    this.#put('look-text', `Your eyes are turned by ${directions}. It is in force now, and remembered.`);
  }

  #put(/** @type {string} */ id, /** @type {string} */ text) {
    const place = /** @type {HTMLElement} */ (this.#dialog.querySelector(`#${id}`));
    if (place.textContent !== text) place.textContent = text;
  }

  /** @returns {HTMLButtonElement} */
  #button(/** @type {'go' | 'cancel'} */ name) {
    return /** @type {HTMLButtonElement} */ (this.#dialog.querySelector(`#look-${name}`));
  }
}
