/**
 * Lists cameras and microphones, and opens a stream from the chosen ones. Knows nothing of the relay or of the page.
 */

import {NO_MICROPHONE} from '../client/settings.js';

const VIDEO = {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}};
const AUDIO = {echoCancellation: true, noiseSuppression: true};

/** Ids to skip: empty before permission is given, and Chromium's aliases of the system's default devices. */
const ALIASES = ['', 'default', 'communications'];

/** The camera cannot be opened; `code` names a sentence in words.js. */
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

/** Browsers allow cameras on https and localhost only. */
export function camerasAllowed() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * A stream with the camera's video and, if a microphone is requested and available, its audio.
 * @param {{camera: string, microphone: string}} request device ids; empty is the browser's choice
 * @returns {Promise<{stream: MediaStream, soundless: boolean}>} soundless: a microphone was requested but not available
 */
export async function openCamera({camera, microphone}) {
  if (!camerasAllowed()) throw new CameraError('insecure');
  const video = videoFrom(camera);
  if (microphone === NO_MICROPHONE) return {stream: await getMedia({video}), soundless: false};
  try {
    return {stream: await getMedia({video, audio: audioFrom(microphone)}), soundless: false};
  } catch (error) {
    if (!await isMicrophoneAtFault(error)) throw error;
    return {stream: await getMedia({video}), soundless: true};
  }
}

/**
 * The video track of another camera. Some machines cannot open two at once: the current one is then stopped first.
 * @param {string} camera
 * @param {MediaStreamTrack} current
 */
export async function changeCamera(camera, current) {
  let stream;
  try {
    stream = await getMedia({video: videoFrom(camera)});
  } catch (error) {
    if (!(error instanceof CameraError) || error.code !== 'camera_busy') throw error;
    current.stop();
    stream = await getMedia({video: videoFrom(camera)});
  }
  current.stop();
  return stream.getVideoTracks()[0];
}

/** The audio track of another microphone. */
export async function changeMicrophone(/** @type {string} */ microphone) {
  const stream = await getMedia({audio: audioFrom(microphone)});
  return stream.getAudioTracks()[0];
}

/**
 * The devices of one kind, with names if the browser gives them (it does once a camera was allowed).
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
function videoFrom(id) {
  return id ? {...VIDEO, deviceId: {ideal: id}} : VIDEO;
}

/** @param {string} id */
function audioFrom(id) {
  return id ? {...AUDIO, deviceId: {ideal: id}} : AUDIO;
}

async function getMedia(/** @type {MediaStreamConstraints} */ constraints) {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    throw new CameraError(CODES[name] ?? 'camera_failed', error);
  }
}

/** Whether opening the camera alone may succeed after opening both has failed. */
async function isMicrophoneAtFault(/** @type {unknown} */ error) {
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
