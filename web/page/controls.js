/** The form and the buttons below the picture: they show the settings and change them. Knows nothing else. */

import {namePitch, nameYaw} from './words.js';

const HELP = {
  natural: 'A fixed angle; your own eye movement stays.',
  teleprompter: 'Steers to the lens while you read, within limits.',
};

/** Settings shown as radio buttons of the same name; settings that open a <details> element with the same id. */
const CHOICES = /** @type {const} */ (['mode', 'where']);
const DETAILS = /** @type {const} */ (['details', 'lines']);

/** @typedef {import('../client/settings.js').Settings} Settings */

export class Controls {
  #settings;
  #find;

  /** @param {Document} page @param {Settings} settings */
  constructor(page, settings) {
    this.#settings = settings;
    this.#find = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (page.getElementById(id));
    this.#bind();
    settings.addEventListener('change', (event) => {
      this.show();
      this.#showDetails(/** @type {CustomEvent<string[]>} */ (event).detail);
    });
    this.show();
    this.#showDetails(DETAILS);
  }

  #bind() {
    const settings = this.#settings;
    const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {() => void} */ act) =>
      this.#find(id).addEventListener(event, act);
    on('controls', 'submit', () => {});
    on('enabled', 'change', () => settings.change({enabled: this.#find('enabled').checked}));
    on('strength', 'input', () => settings.change({strength: this.#find('strength').valueAsNumber}));
    on('pitch', 'input', () => settings.change({pitch: this.#find('pitch').valueAsNumber}));
    on('yaw', 'input', () => settings.change({yaw: this.#asSeen(this.#find('yaw').valueAsNumber)}));
    on('split', 'input', () => settings.change({split: this.#find('split').valueAsNumber}));
    on('reset', 'click', () => settings.reset('pitch', 'yaw'));
    on('compare', 'click', () => settings.change({compare: !settings.all.compare}));
    on('mirror', 'click', () => settings.change({mirror: !settings.all.mirror}));
    for (const id of DETAILS) on(id, 'toggle', () => settings.change({[id]: this.#details(id).open}));
    for (const name of CHOICES) {
      for (const one of this.#options(name)) one.addEventListener('change', () => settings.change({[name]: one.value}));
    }
  }

  /** Left and right are as seen in the picture, so mirroring flips the sign; its own inverse. */
  #asSeen(/** @type {number} */ yaw) {
    return this.#settings.all.mirror ? 0 - yaw : yaw;
  }

  /** Updates every control from the settings. */
  show() {
    const all = this.#settings.all;
    this.#find('enabled').checked = all.enabled;
    this.#showRange('strength', all.strength, `${Math.round(all.strength)} %`);
    this.#showRange('pitch', all.pitch, namePitch(all.pitch));
    this.#showRange('yaw', this.#asSeen(all.yaw), nameYaw(all.yaw, all.mirror));
    this.#showRange('split', all.split, `${Math.round(all.split)} % original`);
    this.#find('split').disabled = !all.compare;
    this.#find('compare').setAttribute('aria-pressed', String(all.compare));
    this.#find('mirror').setAttribute('aria-pressed', String(all.mirror));
    for (const name of CHOICES) for (const one of this.#options(name)) one.checked = one.value === all[name];
    this.#find('mode-help').textContent = HELP[all.mode];
    document.body.dataset.where = all.where; // the style sheet hides texts about the other place
    this.#find('listen').disabled = all.where === 'here'; // then no audio is sent to the relay, so none is returned
    this.#find('controls').classList.toggle('off', !all.enabled);
    const stage = this.#find('stage');
    stage.classList.toggle('mirrored', all.mirror);
    stage.classList.toggle('compared', all.compare);
    stage.style.setProperty('--split', `${all.split}%`);
  }

  /**
   * Opens and closes only what has changed: a <details> element fires `toggle` late, and another setting that changes
   * in between must not undo it.
   * @param {readonly string[]} names
   */
  #showDetails(names) {
    for (const id of DETAILS) if (names.includes(id)) this.#details(id).open = this.#settings.all[id];
  }

  /** Disables one place to warp, and shows why. @param {'relay' | 'here'} where @param {string} why */
  disablePlace(where, why) {
    for (const one of this.#options('where')) if (one.value === where) one.disabled = true;
    this.#find('where-why').textContent = why;
    this.#find('where-why').hidden = false;
  }

  /** Updates a range input: its value, the value in words, and the filled part of its track. */
  #showRange(/** @type {string} */ id, /** @type {number} */ value, /** @type {string} */ words) {
    const input = this.#find(id);
    input.value = String(value);
    input.setAttribute('aria-valuetext', words);
    const output = document.querySelector(`output[for="${id}"]`);
    if (output) output.textContent = words;
    const [low, high] = [Number(input.min), Number(input.max)];
    const at = 100 * (value - low) / (high - low);
    const from = input.classList.contains('signed') ? 50 : 0;
    input.style.setProperty('--low', `${Math.min(from, at)}%`);
    input.style.setProperty('--high', `${Math.max(from, at)}%`);
  }

  #options(/** @type {'mode' | 'where'} */ name) {
    return /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[name="${name}"]`));
  }

  #details(/** @type {'details' | 'lines'} */ id) {
    return /** @type {HTMLDetailsElement} */ (document.getElementById(id));
  }
}
