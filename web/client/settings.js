/**
 * The user's settings, stored in the browser. Values are validated on input, because storage can hold anything. Knows
 * nothing of the page or of the relay.
 *
 * @typedef {{enabled: boolean, mode: 'natural' | 'teleprompter', strength: number, pitch: number, yaw: number}} Correction
 * @typedef {{mirror: boolean, compare: boolean, split: number, camera: string, microphone: string, details: boolean,
 *   lines: boolean, where: 'relay' | 'here'}} Viewing where: frames are warped
 * @typedef {Correction & Viewing} Choices
 * @typedef {keyof Choices} Name
 */

const KEY = 'eyeline.settings';

/** The value of `microphone` that means: send no audio. */
export const NO_MICROPHONE = 'none';

/** Degrees, each axis; what the relay accepts. */
export const MOST_DEGREES = 25;

/** @type {Readonly<Choices>} */
const INITIAL = Object.freeze({
  enabled: true, mode: 'natural', strength: 100, pitch: 8, yaw: 0,
  mirror: true, compare: false, split: 50, camera: '', microphone: '', details: false,
  lines: true, where: 'relay',
});

/** @type {Name[]} */
const CORRECTION = ['enabled', 'mode', 'strength', 'pitch', 'yaw'];

const isBoolean = (/** @type {unknown} */ value) => typeof value === 'boolean';
const isDevice = (/** @type {unknown} */ value) => typeof value === 'string' && value.length <= 512;
const within = (/** @type {number} */ low, /** @type {number} */ high) => (/** @type {unknown} */ value) =>
  typeof value === 'number' && value >= low && value <= high;

/** @type {Record<Name, (value: unknown) => boolean>} */
const CHECKS = {
  enabled: isBoolean,
  mode: (value) => value === 'natural' || value === 'teleprompter',
  strength: within(0, 100),
  pitch: within(-MOST_DEGREES, MOST_DEGREES),
  yaw: within(-MOST_DEGREES, MOST_DEGREES),
  mirror: isBoolean,
  compare: isBoolean,
  split: within(0, 100),
  camera: isDevice,
  microphone: isDevice,
  details: isBoolean,
  lines: isBoolean,
  where: (value) => value === 'relay' || value === 'here',
};

/**
 * The entries of `candidate` that are known settings with acceptable values; all others are left out.
 * @param {unknown} candidate
 * @returns {Partial<Choices>}
 */
export function accept(candidate) {
  if (typeof candidate !== 'object' || candidate === null) return {};
  const known = Object.entries(candidate).filter(
    ([name, value]) => Object.hasOwn(CHECKS, name) && CHECKS[/** @type {Name} */ (name)](value));
  return Object.fromEntries(known);
}

/** All current settings. Fires `change` (a CustomEvent whose detail lists the changed names). */
export class Settings extends EventTarget {
  #storage;
  /** @type {Partial<Choices>} */
  #defaults = {};
  /** @type {Partial<Choices>} */
  #own;

  /** @param {Pick<Storage, 'getItem' | 'setItem'>} storage */
  constructor(storage) {
    super();
    this.#storage = storage;
    this.#own = load(storage);
  }

  /** @returns {Choices} */
  get all() {
    return {...INITIAL, ...this.#defaults, ...this.#own};
  }

  /** @returns {Correction} */
  get correction() {
    const all = this.all;
    return /** @type {Correction} */ (Object.fromEntries(CORRECTION.map((name) => [name, all[name]])));
  }

  /** Applies acceptable values; only what the user chose is stored, so the relay's defaults stay in force. */
  change(/** @type {unknown} */ candidate) {
    const before = this.all;
    const changed = Object.entries(accept(candidate)).filter(([name, value]) => before[/** @type {Name} */ (name)] !== value);
    if (changed.length === 0) return;
    this.#own = {...this.#own, ...Object.fromEntries(changed)};
    this.#store();
    this.#announce(changed.map(([name]) => name));
  }

  /** The relay's values for settings that the user has not chosen. */
  adoptDefaults(/** @type {unknown} */ candidate) {
    this.#defaults = accept(candidate);
    this.#announce(CORRECTION);
  }

  /** Deletes the user's own values of these settings. */
  reset(/** @type {Name[]} */ ...names) {
    for (const name of names) delete this.#own[name];
    this.#store();
    this.#announce(names);
  }

  #announce(/** @type {string[]} */ names) {
    this.dispatchEvent(new CustomEvent('change', {detail: names}));
  }

  #store() {
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#own));
    } catch {
      // Storage full or forbidden: the settings last as long as the page.
    }
  }
}

/** @returns {Partial<Choices>} */
function load(/** @type {Pick<Storage, 'getItem'>} */ storage) {
  try {
    return accept(JSON.parse(storage.getItem(KEY) ?? '{}'));
  } catch {
    return {};
  }
}

/** The browser's storage, or one in memory if storage is forbidden. */
export function browserStorage() {
  try {
    return window.localStorage;
  } catch {
    const kept = new Map();
    return {getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: kept.set.bind(kept)};
  }
}
