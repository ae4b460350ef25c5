/** The stored choices: the name and the switches, nothing else. Knows nothing of the page. */

import {browserStorage} from '../client/settings.js';

const KEY = 'eyeline.room';
const SWITCHES = /** @type {const} */ (['camera', 'microphone', 'correction']);

/** @typedef {{name: string} & import('./myself.js').Switches} Choices */

/** @returns {Choices} */
export function loadChoices() {
  const choices = {name: '', camera: true, microphone: true, correction: true};
  try {
    const stored = JSON.parse(browserStorage().getItem(KEY) ?? '{}') ?? {};
    if (typeof stored.name === 'string') choices.name = stored.name.slice(0, 60);
    for (const name of SWITCHES) if (typeof stored[name] === 'boolean') choices[name] = stored[name];
  } catch {
    // Malformed content counts as none.
  }
  return choices;
}

export function storeChoices(/** @type {Choices} */ {name, camera, microphone, correction}) {
  try {
    browserStorage().setItem(KEY, JSON.stringify({name, camera, microphone, correction}));
  } catch {
    // Storage is full or forbidden: the choices last as long as the page.
  }
}
