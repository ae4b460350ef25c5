/**
 * The dialog of the two-look calibration: look at the lens, click; look at the other person's face, click. The relay
 * measures; the dialog shows the steps, and why a look has to be repeated. Knows nothing of connections.
 */

import {explainRejection, namePitch, nameYaw} from './words.js';

/** Timeout for an answer; the relay averages a look over about one second. */
const TIMEOUT_MS = 4000;

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
  #send;
  #mirrored;
  /** @type {Step} */
  #step = 'lens';
  #timer = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {(message: object) => void} send
   * @param {() => boolean} mirrored whether left and right are named as in a mirror
   */
  constructor(dialog, send, mirrored) {
    this.#dialog = dialog;
    this.#send = send;
    this.#mirrored = mirrored;
    this.#button('go').addEventListener('click', () => this.#onGo());
    this.#button('cancel').addEventListener('click', () => this.#onCancel());
    dialog.addEventListener('close', () => this.#onClose());
  }

  /** Opens the dialog at the first look. */
  open() {
    this.#goTo('lens');
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#button('go').focus();
  }

  /** Handles the relay's `calibration` message. @param {any} message */
  handleMessage(message) {
    if (!this.#dialog.open) return;
    clearTimeout(this.#timer);
    if (message.state === 'looking') this.#showMeasuring('Measuring. Keep looking …');
    if (message.state === 'looked') this.#goTo('face');
    if (message.state === 'rejected') this.#showRejection(message);
    if (message.state === 'done') this.#showResult(message);
  }

  /** The connection to the relay was lost, and the measured look with it. */
  interrupt() {
    if (!this.#dialog.open || this.#step === 'done') return;
    this.#goTo('lens');
    this.#showError('The connection to the relay was lost. Begin again when the picture is back.');
  }

  #onGo() {
    if (this.#step === 'done') return this.#dialog.close();
    if (this.#dialog.dataset.state === 'measuring') return;
    this.#send({type: 'calibrate', look: this.#step});
    this.#showMeasuring('Keep looking …');
  }

  #onCancel() {
    if (this.#step === 'done') this.open();
    else this.#dialog.close();
  }

  #onClose() {
    clearTimeout(this.#timer);
    if (this.#step !== 'done') this.#send({type: 'calibrate', look: 'cancel'});
  }

  #goTo(/** @type {Step} */ step) {
    clearTimeout(this.#timer);
    this.#step = step;
    this.#dialog.dataset.look = step;
    this.#dialog.dataset.state = 'asking';
    const page = PAGES[step];
    this.#setText('look-step', page.step);
    this.#setText('look-title', page.title);
    this.#setText('look-text', page.text);
    this.#button('go').textContent = page.go;
    this.#button('cancel').textContent = page.stop;
  }

  #showMeasuring(/** @type {string} */ text) {
    this.#dialog.dataset.state = 'measuring';
    this.#setText('look-text', text);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#showError('The relay did not answer. Try once more.'), TIMEOUT_MS);
  }

  #showRejection(/** @type {{look: Step, code: string, message: string}} */ {look, code, message}) {
    this.#goTo(code === 'wrong_order' ? 'lens' : look);
    this.#showError(explainRejection(code, message));
  }

  #showError(/** @type {string} */ text) {
    this.#dialog.dataset.state = 'rejected';
    this.#setText('look-text', text);
    this.#button('go').textContent = 'Try again';
  }

  #showResult(/** @type {{pitch: number, yaw: number}} */ {pitch, yaw}) {
    this.#goTo('done');
    const directions = `${namePitch(pitch)}, ${nameYaw(yaw, this.#mirrored())}`;
    this.#setText('look-text', `Your eyes are turned by ${directions}. This is in use now, and saved.`);
  }

  #setText(/** @type {string} */ id, /** @type {string} */ text) {
    const place = /** @type {HTMLElement} */ (this.#dialog.querySelector(`#${id}`));
    if (place.textContent !== text) place.textContent = text;
  }

  /** @returns {HTMLButtonElement} */
  #button(/** @type {'go' | 'cancel'} */ name) {
    return /** @type {HTMLButtonElement} */ (this.#dialog.querySelector(`#look-${name}`));
  }
}
