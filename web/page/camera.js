/**
 * The source: which cameras and microphones there are, and a stream from the chosen ones. Knows nothing of the relay
 * or of the page.
 */

import {NO_MICROPHONE} from '../client/settings.js';

const PICTURE = {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}};
const SOUND = {echoCancellation: true, noiseSuppression: true};

/** Ids that are not devices: unnamed before permission, and Chromium's second entries for the system's choices. */
const ALIASES = ['', 'default', 'communications'];

/** No picture can be had; `code` names a sentence in words.js. */
export class CameraError extends Error {
  /** @param {string} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, {cause});
    this.name = 'CameraError';
    this.code = code;
  }
}

/** @type {Record<string, string>} */
const CODES = {
  NotAllowedError: 'camera_refused',
  SecurityError: 'camera_refused',
  NotFoundError: 'no_camera',
  OverconstrainedError: 'no_camera',
  NotReadableError: 'camera_busy',
  AbortError: 'camera_busy',
};

/** Browsers offer cameras to https and localhost only. */
export function camerasAllowed() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * A stream with the camera's picture and, where there is one and it is wanted, a microphone's sound.
 * @param {{camera: string, microphone: string}} wish device ids; empty is the browser's choice
 * @returns {Promise<{stream: MediaStream, soundless: boolean}>} soundless: a microphone was wanted and not to be had
 */
export async function openCamera({camera, microphone}) {
  if (!camerasAllowed()) throw new CameraError('insecure');
  const video = pictureFrom(camera);
  if (microphone === NO_MICROPHONE) return {stream: await ask({video}), soundless: false};
  try {
    return {stream: await ask({video, audio: soundFrom(microphone)}), soundless: false};
  } catch (error) {
    if (!await microphoneAtFault(error)) throw error;
    return {stream: await ask({video}), soundless: true};
  }
}

/**
 * The picture of another camera. Some machines cannot open two at once: the present one is then let go first.
 * @param {string} camera
 * @param {MediaStreamTrack} present
 */
export async function changeCamera(camera, present) {
  let stream;
  try {
    stream = await ask({video: pictureFrom(camera)});
  } catch (error) {
    if (!(error instanceof CameraError) || error.code !== 'camera_busy') throw error;
    present.stop();
    stream = await ask({video: pictureFrom(camera)});
  }
  present.stop();
  return stream.getVideoTracks()[0];
}

/** The sound of another microphone. */
export async function changeMicrophone(/** @type {string} */ microphone) {
  const stream = await ask({audio: soundFrom(microphone)});
  return stream.getAudioTracks()[0];
}

/**
 * The devices of one kind, with names as far as the browser tells them (it does once a camera was allowed).
 * @param {'videoinput' | 'audioinput'} kind
 * @returns {Promise<{id: string, name: string}[]>}
 */
export async function listDevices(kind) {
  if (!camerasAllowed()) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  const noun = kind === 'videoinput' ? 'Camera' : 'Microphone';
  return devices.filter((device) => device.kind === kind && !ALIASES.includes(device.deviceId))
    .map((device, index) => ({id: device.deviceId, name: device.label || `${noun} ${index + 1}`}));
}

/** @param {string} id */
function pictureFrom(id) {
  return id ? {...PICTURE, deviceId: {ideal: id}} : PICTURE;
}

/** @param {string} id */
function soundFrom(id) {
  return id ? {...SOUND, deviceId: {ideal: id}} : SOUND;
}

async function ask(/** @type {MediaStreamConstraints} */ constraints) {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    throw new CameraError(CODES[name] ?? 'camera_failed', error);
  }
}

/** Whether asking for the camera alone may succeed where asking for both has not. */
async function microphoneAtFault(/** @type {unknown} */ error) {
  if (!(error instanceof CameraError)) return false;
  if (error.code === 'no_camera') {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.some(({kind}) => kind === 'videoinput');
  }
  if (error.code !== 'camera_refused') return true;
  return await permission('microphone') === 'denied' && await permission('camera') !== 'denied';
}

async function permission(/** @type {string} */ name) {
  try {
    return (await navigator.permissions.query({name: /** @type {PermissionName} */ (name)})).state;
  } catch {
    return 'unknown'; // Firefox does not know these names
  }
}
