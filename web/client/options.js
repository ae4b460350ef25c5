/** Checks the library's options: each error names the key and the value. Knows nothing else. */

import {accept} from './settings.js';

const CORRECTION = ['enabled', 'mode', 'strength', 'pitch', 'yaw', 'where'];
const OTHERS = ['relay', 'token', 'audio', 'publish', 'signal', 'route'];

/** @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions @typedef {import('../eyeline.d.ts').EyelineSettings} EyelineSettings */

/** Throws TypeError unless this is a camera's track. */
export function checkTrack(/** @type {unknown} */ track, /** @type {'video' | 'audio'} */ kind) {
  if (!(track instanceof MediaStreamTrack) || track.kind !== kind) {
    throw new TypeError(`a MediaStreamTrack of kind ${kind} is needed, not ${describe(track)}`);
  }
}

/** Throws TypeError for options that are unknown or wrong. @param {CorrectOptions} options */
export function checkOptions(options) {
  const {relay, token, audio, publish, signal, route} = options;
  for (const name of Object.keys(options)) {
    if (![...CORRECTION, ...OTHERS].includes(name)) throw new TypeError(`there is no option ${name}`);
  }
  settingsOf(options);
  if (audio) checkTrack(audio, 'audio');
  check('relay', relay, relay === undefined || typeof relay === 'string' && URL.canParse(relay, document.baseURI));
  check('token', token, token === undefined || typeof token === 'string' || typeof token === 'function');
  check('publish', publish, publish === undefined || typeof publish === 'object' && publish !== null);
  check('signal', signal, signal === undefined || signal instanceof AbortSignal);
  check('route', route, route === undefined || route === 'worker' || route === 'canvas');
  checkPlace(publish, options.where);
}

/** Throws TypeError if the relay is to publish video that it does not produce. */
export function checkPlace(/** @type {unknown} */ publish, /** @type {string | undefined} */ where) {
  if (publish && where === 'here') throw new TypeError("with publish, where must be 'relay': the relay publishes the video it corrects");
}

/**
 * The settings among these. Throws TypeError for a value that is out of range.
 * @param {Record<string, unknown> | CorrectOptions} candidate
 * @returns {Partial<EyelineSettings>}
 */
export function settingsOf(candidate) {
  const wanted = Object.fromEntries(
    Object.entries(candidate).filter(([name, value]) => CORRECTION.includes(name) && value !== undefined));
  const accepted = accept(wanted);
  for (const [name, value] of Object.entries(wanted)) check(name, value, Object.hasOwn(accepted, name));
  return /** @type {Partial<EyelineSettings>} */ (accepted);
}

/** Throws TypeError for a change of anything but a setting. @param {Record<string, unknown>} candidate */
export function checkChange(candidate) {
  for (const name of Object.keys(candidate)) {
    if (!CORRECTION.includes(name)) throw new TypeError(`there is no setting ${name}; there are ${CORRECTION.join(', ')}`);
  }
  return settingsOf(candidate);
}

/** Of a token only the type is reported, so that it does not end in a log. */
function check(/** @type {string} */ name, /** @type {unknown} */ value, /** @type {boolean} */ valid) {
  if (!valid) throw new TypeError(`${name}: ${name === 'token' ? typeof value : describe(value)} cannot be used`);
}

function describe(/** @type {unknown} */ value) {
  if (value instanceof MediaStreamTrack) return `one of kind ${value.kind}`;
  return typeof value === 'string' || typeof value !== 'object' || value === null ? JSON.stringify(value) ?? typeof value : 'that object';
}
