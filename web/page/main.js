/**
 * Eyeline's page. The picture's way, file by file:
 *
 *   camera.js, source.js   the camera's stream
 *   eyeline.js             the client library: to the relay and back, or warped here; a track that goes on whatever fails
 *   view.js                the camera's own picture, and the library's over it
 *
 * Beside it: settings.js and controls.js (what is wanted), gaze.js, indicator.js, strip.js, stats.js and places.js (what
 * happens), calibration.js, words.js and notice.js (what is said). One AbortSignal ends everything.
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
const figures = new StatsPanel(find('figures', HTMLElement));
const strip = new Strip(find('lines', HTMLDetailsElement));
const places = new Places(find('both', HTMLTableElement));
const devices = new Devices(find('camera', HTMLSelectElement), find('microphone', HTMLSelectElement), settings);
const calibration = new Calibration(
  find('calibration', HTMLDialogElement), (message) => corrected?.say(message), () => settings.all.mirror);

/** What one press of Start sets going, and its end. @type {AbortController | undefined} */
let running;
/** @type {Corrected | undefined} */
let corrected;
/** @type {Source | undefined} */
let source;

async function start() {
  const over = running = new AbortController();
  notice.clear();
  enter('opening');
  try {
    source = await Source.open(settings.all, over.signal);
  } catch (error) {
    if (!over.signal.aborted) fail(error);
    return;
  }
  source.addEventListener('gone', (event) => fail(/** @type {CustomEvent} */ (event).detail));
  if (source.soundless) notice.say('soundless', sentenceFor('soundless'));
  devices.fill();
  view.showOriginal(source.stream, over.signal);
  correct(source.stream, over.signal);
}

/** Has the stream corrected, and the page hear of it. */
function correct(/** @type {MediaStream} */ stream, /** @type {AbortSignal} */ signal) {
  const [camera] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  corrected = new Corrected(camera, {...wanted(), audio, signal});
  const on = (/** @type {string} */ name, /** @type {(detail: any) => void} */ act) =>
    corrected?.addEventListener(name, (event) => { if (!signal.aborted) act(/** @type {CustomEvent} */ (event).detail); });
  on('state', report);
  on('message', hear);
  on('stats', tell);
  on('config', configured);
  on('settings', (changed) => settings.change(changed));
  report(corrected.status);
  show();
}

/** What the person has chosen, as far as it is the library's. */
function wanted() {
  return {...settings.correction, where: settings.all.where};
}

function stop() {
  running?.abort();
  running = corrected = source = undefined;
  notice.clear();
  enter('idle');
}

/** @param {unknown} error */
function fail(error) {
  const code = error instanceof CameraError ? error.code : 'camera_failed';
  stop();
  notice.say(code, sentenceFor(code));
  devices.fill();
}

/** @param {import('../eyeline.d.ts').StateDetail} status */
function report({state, phase, code, message}) {
  if (phase !== stage.dataset.phase) enter(phase);
  view.trust(state === 'corrected');
  if (phase === 'waiting' || phase === 'refused') complain(code, message);
}

function complain(/** @type {string} */ code, /** @type {string} */ message) {
  const act = code === 'no_field_return' ? () => settings.change({where: 'relay'}) : () => corrected?.retry();
  notice.say(code, sentenceFor(code, message), act);
}

/** Lays the library's picture over the camera's own, with the sound where it makes the same journey. */
function show() {
  const heard = settings.all.where === 'relay' && source?.stream.getAudioTracks().length;
  const tracks = [corrected?.track, heard ? corrected?.audio : null];
  view.showCorrected(tracks.filter((track) => track instanceof MediaStreamTrack));
}

/** Brings the page into a phase of the call; 'idle' and 'opening' are those without a picture. */
function enter(/** @type {string} */ phase) {
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
  if (phase === 'live' && before !== 'quiet') join();
  if (!['live', 'quiet'].includes(phase)) leave();
  indicator.learn({phase});
}

/** The relay is there. */
function join() {
  if (notice.code !== 'soundless') notice.clear();
  const teller = corrected?.spans() && {spans: () => corrected?.spans() ?? {spans: [], shown: []}};
  strip.connect((message) => corrected?.say(message), teller);
}

/** The relay is not there. */
function leave() {
  strip.disconnect();
  places.rest();
  calibration.interrupt();
  figures.clear();
  indicator.learn({finding: undefined});
}

/** @param {any} message */
function hear(message) {
  strip.hear(message);
  if (message.type === 'calibration') calibration.hear(message);
}

/** @param {import('../eyeline.d.ts').Stats} stats */
function tell(stats) {
  indicator.learn({finding: stats});
  figures.show(stats);
  if (stats.up_mbps !== null && stats.where === settings.all.where) places.show(stats.where, costOf(stats));
}

/** @param {import('../client/connection/api.js').RelayConfig} config */
function configured(config) {
  settings.adoptDefaults(config.defaults);
  find('version', HTMLElement).textContent = `Version ${config.version}`;
}

/** Devices chosen anew while the camera runs. @param {string[]} names */
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
    show();
    notice.clear('soundless', 'microphone_failed');
  } catch {
    notice.say('microphone_failed', sentenceFor('microphone_failed'));
  }
}

const controls = new Controls(document, settings);
settings.addEventListener('change', (event) => {
  const names = /** @type {CustomEvent<string[]>} */ (event).detail;
  changeDevices(names);
  corrected?.change(wanted());
  if (names.includes('where')) show();
  indicator.learn({correction: settings.correction});
});
stage.addEventListener('showing', () => indicator.learn({showing: view.showing}));
bindCompare(find('hold', HTMLButtonElement), (held) => {
  view.hold(held);
  indicator.learn({held});
});
find('listen', HTMLInputElement).addEventListener('change', (event) => {
  view.listen(/** @type {HTMLInputElement} */ (event.target).checked);
});
startButton.addEventListener('click', start);
stopButton.addEventListener('click', stop);
calibrateButton.addEventListener('click', () => calibration.open());
window.addEventListener('pagehide', stop);

enter('idle');
if (LocalCorrection.obstacle) {
  settings.change({where: 'relay'});
  controls.forbid('here', explainObstacle(LocalCorrection.obstacle));
}
devices.fill();
new Relay().readConfig(new AbortController().signal).then(configured, () => {});
if (!camerasAllowed()) {
  notice.say('insecure', sentenceFor('insecure'));
  startButton.disabled = true;
}
