/**
 * Eyeline's page, assembled from these modules, in the order in which video passes them:
 *
 *   camera.js, source.js   the camera's stream
 *   ../eyeline.js          the client library: to the relay and back, or warped here; its track survives any failure
 *   view.js                the camera's own video, and the library's over it
 *
 * Beside them: controls.js, devices.js, compare.js and ../client/settings.js (settings); indicator.js, lines/,
 * stats.js, places.js and ../client/gaze.js (status and statistics); calibration.js, words.js and notice.js (dialog and
 * messages). One AbortSignal stops everything.
 */

import {Relay} from '../client/connection/api.js';
import {Calibration} from './calibration.js';
import {CameraError, camerasAllowed} from './camera.js';
import {Controls} from './controls.js';
import {Devices} from './devices.js';
import {Corrected} from '../eyeline.js';
import {LocalCorrection} from '../client/local-correction.js';
import {bindCompare} from './compare.js';
import {Indicator} from './indicator.js';
import {Notice} from './notice.js';
import {Places, costOf} from './places.js';
import {Settings, browserStorage} from '../client/settings.js';
import {Source} from './source.js';
import {StatsPanel} from './stats.js';
import {Strip} from './lines/strip.js';
import {View} from './view.js';
import {explainObstacle, sentenceFor} from './words.js';

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`#${id} is missing`);
  return element;
}

const stage = find('stage', HTMLDivElement);
const startButton = find('start', HTMLButtonElement);
const stopButton = find('stop', HTMLButtonElement);
const calibrateButton = find('calibrate', HTMLButtonElement);
const settings = new Settings(browserStorage());
const view = new View(stage, find('original', HTMLVideoElement), find('corrected', HTMLVideoElement));
const notice = new Notice(find('notice', HTMLDivElement));
const indicator = new Indicator(find('gaze', HTMLDivElement), settings.correction);
const statistics = new StatsPanel(find('figures', HTMLElement));
const strip = new Strip(find('lines', HTMLDetailsElement));
const places = new Places(find('both', HTMLTableElement));
const devices = new Devices(find('camera', HTMLSelectElement), find('microphone', HTMLSelectElement), settings);
const calibration = new Calibration(
  find('calibration', HTMLDialogElement), (message) => corrected?.say(message), () => settings.all.mirror);

/** Aborted to stop what Start has started. @type {AbortController | undefined} */
let running;
/** @type {Corrected | undefined} */
let corrected;
/** @type {Source | undefined} */
let source;

async function start() {
  const stopper = running = new AbortController();
  notice.clear();
  setPhase('opening');
  try {
    source = await Source.open(settings.all, stopper.signal);
  } catch (error) {
    if (!stopper.signal.aborted) fail(error);
    return;
  }
  source.addEventListener('gone', (event) => fail(/** @type {CustomEvent} */ (event).detail));
  if (source.soundless) notice.show('soundless', sentenceFor('soundless'));
  devices.fill();
  view.showOriginal(source.stream, stopper.signal);
  correct(source.stream, stopper.signal);
}

/** Starts the correction of the stream, and listens to its events. */
function correct(/** @type {MediaStream} */ stream, /** @type {AbortSignal} */ signal) {
  const [camera] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  corrected = new Corrected(camera, {...librarySettings(), audio, signal});
  const on = (/** @type {string} */ name, /** @type {(detail: any) => void} */ act) =>
    corrected?.addEventListener(name, (event) => { if (!signal.aborted) act(/** @type {CustomEvent} */ (event).detail); });
  on('state', showState);
  on('message', handleMessage);
  on('stats', showStats);
  on('config', applyConfig);
  on('settings', (changed) => settings.change(changed));
  showState(corrected.status);
  showTracks();
}

/** The settings that the library takes. */
function librarySettings() {
  return {...settings.correction, where: settings.all.where};
}

function stop() {
  running?.abort();
  running = corrected = source = undefined;
  notice.clear();
  setPhase('idle');
}

/** @param {unknown} error */
function fail(error) {
  const code = error instanceof CameraError ? error.code : 'camera_failed';
  stop();
  notice.show(code, sentenceFor(code));
  devices.fill();
}

/** @param {import('../eyeline.d.ts').StateDetail} status */
function showState({state, phase, code, message}) {
  if (phase !== stage.dataset.phase) setPhase(phase);
  view.trust(state === 'corrected');
  if (phase === 'waiting' || phase === 'refused') showProblem(code, message);
}

function showProblem(/** @type {string} */ code, /** @type {string} */ message) {
  const act = code === 'no_field_return' ? () => settings.change({where: 'relay'}) : () => corrected?.retry();
  notice.show(code, sentenceFor(code, message), act);
}

/** Shows the library's video over the camera's own, with its audio if that passes through the relay too. */
function showTracks() {
  const withAudio = settings.all.where === 'relay' && source?.stream.getAudioTracks().length;
  const tracks = [corrected?.track, withAudio ? corrected?.audio : null];
  view.showCorrected(tracks.filter((track) => track instanceof MediaStreamTrack));
}

/** Puts the page into a phase of the call; 'idle' and 'opening' are those without a picture. */
function setPhase(/** @type {string} */ phase) {
  const before = stage.dataset.phase;
  const focused = document.activeElement;
  const pictured = phase !== 'idle' && phase !== 'opening';
  stage.dataset.phase = phase;
  document.body.classList.toggle('pictured', pictured);
  for (const id of ['bar', 'lines', 'figures', 'gaze']) find(id, HTMLElement).hidden = !pictured;
  find('welcome', HTMLElement).hidden = pictured;
  startButton.disabled = phase === 'opening';
  startButton.textContent = phase === 'opening' ? 'Waiting for the camera …' : 'Start camera';
  calibrateButton.disabled = phase !== 'live';
  if (pictured && (focused === startButton || focused === document.body)) stopButton.focus({preventScroll: true});
  if (phase === 'idle' && focused === stopButton) startButton.focus({preventScroll: true});
  if (phase === 'live' && before !== 'quiet') onConnected();
  if (!['live', 'quiet'].includes(phase)) onDisconnected();
  indicator.update({phase});
}

/** The relay is connected. */
function onConnected() {
  if (notice.code !== 'soundless') notice.clear();
  const local = corrected?.spans() && {spans: () => corrected?.spans() ?? {spans: [], shown: []}};
  strip.connect((message) => corrected?.say(message), local);
}

/** The relay is not connected. */
function onDisconnected() {
  strip.disconnect();
  places.setActive();
  calibration.interrupt();
  statistics.clear();
  indicator.update({finding: undefined});
}

/** @param {any} message */
function handleMessage(message) {
  strip.handleMessage(message);
  if (message.type === 'calibration') calibration.handleMessage(message);
}

/** @param {import('../eyeline.d.ts').Stats} stats */
function showStats(stats) {
  indicator.update({finding: stats});
  statistics.show(stats);
  if (stats.up_mbps !== null && stats.where === settings.all.where) places.show(stats.where, costOf(stats));
}

/** @param {import('../client/connection/api.js').RelayConfig} config */
function applyConfig(config) {
  settings.adoptDefaults(config.defaults);
  find('version', HTMLElement).textContent = `Version ${config.version}`;
}

/** Devices were changed while the camera runs. @param {string[]} names */
async function changeDevices(names) {
  if (!source || !corrected) return;
  const {camera, microphone} = settings.all;
  try {
    if (names.includes('camera')) await corrected.replaceCamera(await source.takeCamera(camera));
  } catch (error) {
    fail(error);
    return;
  }
  if (names.includes('microphone')) await changeMicrophone(microphone);
}

async function changeMicrophone(/** @type {string} */ id) {
  try {
    await corrected?.replaceMicrophone(await source?.takeMicrophone(id) ?? null);
    showTracks();
    notice.clear('soundless', 'microphone_failed');
  } catch {
    notice.show('microphone_failed', sentenceFor('microphone_failed'));
  }
}

const controls = new Controls(document, settings);
settings.addEventListener('change', (event) => {
  const names = /** @type {CustomEvent<string[]>} */ (event).detail;
  changeDevices(names);
  corrected?.change(librarySettings());
  if (names.includes('where')) showTracks();
  indicator.update({correction: settings.correction});
});
stage.addEventListener('showing', () => indicator.update({showing: view.showing}));
bindCompare(find('hold', HTMLButtonElement), (held) => {
  view.hold(held);
  indicator.update({held});
});
find('listen', HTMLInputElement).addEventListener('change', (event) => {
  view.listen(/** @type {HTMLInputElement} */ (event.target).checked);
});
startButton.addEventListener('click', start);
stopButton.addEventListener('click', stop);
calibrateButton.addEventListener('click', () => calibration.open());
window.addEventListener('pagehide', stop);

setPhase('idle');
if (LocalCorrection.obstacle) {
  settings.change({where: 'relay'});
  controls.disablePlace('here', explainObstacle(LocalCorrection.obstacle));
}
devices.fill();
new Relay().readConfig(new AbortController().signal).then(applyConfig, () => {});
if (!camerasAllowed()) {
  notice.show('insecure', sentenceFor('insecure'));
  startButton.disabled = true;
}
