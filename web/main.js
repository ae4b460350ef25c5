/**
 * Eyeline's page. The picture's way, file by file:
 *
 *   camera.js, source.js   the camera's stream
 *   call.js, peer.js       to the relay and back, again and again where it has to be
 *   here.js, local.js      where this browser warps: a small copy to the relay, fields back, the full picture through them
 *   view.js                the camera's own picture, and the corrected one over it
 *
 * Beside it: settings.js, controls.js and correction.js (what is wanted), gaze.js, indicator.js, strip.js, stats.js and
 * places.js (what happens), calibration.js, words.js and notice.js (what is said). One AbortSignal ends everything.
 */

import {Account} from './account.js';
import {readConfig} from './api.js';
import {Calibration} from './calibration.js';
import {Call} from './call.js';
import {CameraError, camerasAllowed} from './camera.js';
import {Controls} from './controls.js';
import {CorrectionLine} from './correction.js';
import {Devices} from './devices.js';
import {Here} from './here.js';
import {bindHold} from './hold.js';
import {Indicator} from './indicator.js';
import {Notice} from './notice.js';
import {Places, costOf} from './places.js';
import {Settings, browserStorage} from './settings.js';
import {Source} from './source.js';
import {Figures} from './stats.js';
import {Strip} from './strip.js';
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
const figures = new Figures(find('figures', HTMLElement));
const strip = new Strip(find('lines', HTMLDetailsElement));
const places = new Places(find('both', HTMLTableElement));
const here = new Here(() => move());
const account = new Account();
const devices = new Devices(find('camera', HTMLSelectElement), find('microphone', HTMLSelectElement), settings);
const line = new CorrectionLine(settings);
const calibration = new Calibration(
  find('calibration', HTMLDialogElement), (message) => call?.peer?.say(message), () => settings.all.mirror);

/** What one press of Start sets going, and its end. @type {AbortController | undefined} */
let running;
/** @type {Call | undefined} */
let call;
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
  place();
  call = new Call({
    stream: source.stream, settings, report, hear, configured,
    trip: (milliseconds) => { figures.trip(milliseconds); here.local?.trip(milliseconds); },
    pictures: () => view.pictures,
    local: () => here.local,
  });
  call.run(over.signal);
}

function stop() {
  running?.abort();
  running = call = source = undefined;
  here.end();
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

/** @param {import('./call.js').CallState} state */
function report(state) {
  if (state.phase !== stage.dataset.phase) enter(state.phase);
  view.trust(state.phase === 'live');
  if ('peer' in state) view.showCorrected(state.peer.received);
  if (state.phase === 'waiting' || state.phase === 'refused') complain(state.error);
}

/** @param {import('./api.js').RelayError | undefined} error */
function complain(error) {
  const act = error?.code === 'no_field_return' ? () => settings.change({where: 'relay'}) : () => call?.retry();
  if (error) notice.say(error.code, sentenceFor(error.code, error.message), act);
}

/** Warps somewhere else from now on; meanwhile the camera's own picture is shown. */
function move() {
  place();
  call?.renew();
}

/** Gets ready to warp where it is wanted. */
function place() {
  if (source && settings.all.where === 'here') here.begin(source.stream.getVideoTracks()[0]);
  else here.end();
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
  line.connect((message) => call?.peer?.say(message));
  strip.connect((message) => call?.peer?.say(message), here.local);
}

/** The relay is not there. */
function leave() {
  line.disconnect();
  strip.disconnect();
  places.rest();
  calibration.interrupt();
  account.forget();
  figures.clear();
  indicator.learn({finding: undefined});
}

/** @param {any} message */
function hear(message) {
  strip.hear(message);
  if (message.type === 'settings' || message.type === 'error') line.hear(message);
  if (message.type === 'calibration') calibration.hear(message);
  if (message.type === 'stats') tell(message);
}

/** @param {import('./stats.js').Stats} told by the relay */
async function tell(told) {
  const {stats, finding} = account.add(told, here.local?.stats());
  indicator.learn({finding});
  figures.show(stats, finding);
  const [place, load] = [settings.all.where, await call?.peer?.measure()];
  if (load && place === settings.all.where) places.show(place, costOf(stats, finding, load));
}

/** @param {import('./api.js').RelayConfig} config */
function configured(config) {
  settings.adoptDefaults(config.defaults);
  find('version', HTMLElement).textContent = `Version ${config.version}`;
}

/** Devices chosen anew while the camera runs. @param {string[]} names */
async function changeDevices(names) {
  if (!source || !call) return;
  const {camera, microphone} = settings.all;
  try {
    if (names.includes('camera')) await takeCamera(camera);
  } catch (error) {
    fail(error);
    return;
  }
  if (names.includes('microphone')) await changeMicrophone(microphone);
}

async function takeCamera(/** @type {string} */ id) {
  const track = await /** @type {Source} */ (source).takeCamera(id);
  await here.follow(track);
  await call?.peer?.replace('video', track);
}

async function changeMicrophone(/** @type {string} */ id) {
  try {
    const track = await source?.takeMicrophone(id) ?? null;
    const agreed = await call?.peer?.replace('audio', track);
    if (agreed === false && track) call?.renew();
    notice.clear('soundless', 'microphone_failed');
  } catch {
    notice.say('microphone_failed', sentenceFor('microphone_failed'));
  }
}

const controls = new Controls(document, settings);
settings.addEventListener('change', (event) => {
  const names = /** @type {CustomEvent<string[]>} */ (event).detail;
  changeDevices(names);
  if (names.includes('where')) move();
  indicator.learn({correction: settings.correction});
});
stage.addEventListener('showing', () => indicator.learn({showing: view.showing}));
bindHold(find('hold', HTMLButtonElement), (held) => {
  view.hold(held);
  indicator.learn({held});
});
find('listen', HTMLInputElement).addEventListener('change', (event) => {
  view.listen(/** @type {HTMLInputElement} */ (event.target).checked);
});
startButton.addEventListener('click', start);
stopButton.addEventListener('click', stop);
calibrateButton.addEventListener('click', () => calibration.open());
window.addEventListener('pagehide', () => {
  call?.peer?.abandon();
  stop();
});

enter('idle');
if (here.obstacle) {
  settings.change({where: 'relay'});
  controls.forbid('here', explainObstacle(here.obstacle));
}
devices.fill();
readConfig(new AbortController().signal).then(configured, () => {});
if (!camerasAllowed()) {
  notice.say('insecure', sentenceFor('insecure'));
  startButton.disabled = true;
}
