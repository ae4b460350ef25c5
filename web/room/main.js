/**
 * The room page: join a Janus room with corrected gaze. It is assembled from these modules:
 *
 *   place.js                   which room
 *   myself.js                  what the others see and hear; ../eyeline.js corrects it
 *     equipment.js, blank.js     camera and microphone, and the video without a camera
 *     way.js                     whether this page or the relay publishes
 *   meeting.js, janus.js       membership in the room; publication.js: the own tracks, feed.js: those of the others
 *   people.js, grid.js         the tiles of the participants
 *   words.js, notices.js       texts and messages; choices.js: stored choices
 */

import {camerasAllowed} from '../page/camera.js';
import {Devices} from '../page/devices.js';
import {Corrected} from '../eyeline.js';
import {Blank} from './blank.js';
import {loadChoices, storeChoices} from './choices.js';
import {Tile} from './grid.js';
import {Meeting} from './meeting.js';
import {Myself} from './myself.js';
import {Notices} from './notices.js';
import {People} from './people.js';
import {findPlace, findServers} from './place.js';
import {addMark, uniqueName} from './words.js';
import {Settings, browserStorage} from '../client/settings.js';

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`#${id} is missing`);
  return element;
}

const nameField = find('name', HTMLInputElement);
const pinField = find('pin', HTMLInputElement);
const joinButton = find('join', HTMLButtonElement);
const leaveButton = find('leave', HTMLButtonElement);
const notices = new Notices(find('notice', HTMLDivElement));
const settings = new Settings(browserStorage());
const devices = new Devices(find('camera', HTMLSelectElement), find('microphone', HTMLSelectElement), settings);
const choices = loadChoices();
const ownStream = new MediaStream();
const [preview, ownTile] = [new Tile(ownStream, true), new Tile(ownStream, true)];
const people = new People(
  {grid: find('grid', HTMLElement), alone: find('alone', HTMLElement), news: find('news', HTMLElement)}, ownTile);

/** Where the meeting is. @type {import('./place.js').Place} */
let place;
/** @type {Myself} */
let myself;
/** The current meeting; aborting leaves it. @type {{meeting: Meeting, stopper: AbortController} | undefined} */
let joined;
/** The own name in the room, made unique. */
let ownName = '';

async function begin() {
  find('preview', HTMLElement).append(preview.element);
  nameField.value = choices.name;
  place = await findPlace(location);
  nameField.value = place.name || choices.name;
  pinField.value = place.pin;
  find('where', HTMLElement).textContent = place.room ? `room ${place.room}` : 'room';
  if (!place.janus || !place.room) notices.set('meeting', 'no_place');
  if (place.via === 'relay' && !place.meeting) publishFromPage();
  const {camera, microphone, correction} = choices;
  myself = new Myself({
    settings, switches: {camera, microphone, correction}, viaRelay: place.via === 'relay',
    blank: new Blank(() => ownName || nameField.value),
    correct: (track, options) => new Corrected(track, {...options, ...correctionOptions()}),
  });
  myself.addEventListener('change', sync);
  myself.addEventListener('trouble', (event) => showDeviceProblem(/** @type {CustomEvent} */ (event).detail));
  myself.addEventListener('ended', () => { leave(); notices.set('meeting', 'removed'); });
  sync();
  if (!camerasAllowed()) {
    notices.set('camera', 'insecure');
    return;
  }
  await myself.open();
  devices.fill();
  joinButton.disabled = false;
}

/** The correction's options that depend on the room. */
function correctionOptions() {
  const {relay, via, meeting: janus, room, pin} = {...place, pin: pinField.value};
  if (via === 'page') return {relay};
  return {relay, publish: {janus, room: String(room), ...(pin && {pin}), display: addMark(ownName)}};
}

function publishFromPage() {
  place.via = 'page';
  notices.set('way', 'no_target');
}

function join() {
  if (!place.janus || !place.room) {
    notices.set('meeting', 'no_place');
    return;
  }
  notices.set('meeting', '');
  choices.name = nameField.value.trim();
  storeChoices({...choices, ...myself.switches});
  ownName = '';
  const stopper = new AbortController();
  const {janus, room, relay} = place;
  const meeting = new Meeting({
    janus, room, pin: pinField.value, servers: () => findServers(relay),
    chooseName: (others) => {
      ownName ||= uniqueName(choices.name, others);
      return displayName();
    },
    ours: (name) => place.via === 'relay' && name === addMark(ownName),
  });
  joined = {meeting, stopper};
  meeting.addEventListener('state', (event) => onState(/** @type {CustomEvent} */ (event).detail));
  meeting.addEventListener('feed', (event) => people.add(/** @type {CustomEvent} */ (event).detail));
  meeting.addEventListener('ours', (event) => myself.setPresent(/** @type {CustomEvent} */ (event).detail));
  setPhase('joining');
  meeting.publish(myself.offering);
  meeting.run(stopper.signal);
  leaveButton.focus({preventScroll: true});
}

function leave() {
  joined?.stopper.abort();
  joined = undefined;
  ownName = '';
  myself.leave();
  notices.set('meeting', '');
  setPhase('lobby');
  joinButton.focus({preventScroll: true});
}

/** @param {import('./meeting.js').MeetingState} state */
function onState(state) {
  if (state.phase === 'joined') {
    notices.set('meeting', '');
    setPhase('joined');
    myself.enter();
    sync();
  } else if (state.phase === 'refused') {
    leave();
    showRefusal(state.error);
  } else if (state.phase === 'waiting') {
    setPhase('waiting');
    notices.set('meeting', state.error?.code ?? 'janus_gone', '', () => joined?.meeting.retry());
  }
}

function showRefusal(/** @type {import('./janus.js').JanusError | undefined} */ error) {
  const code = error?.code ?? 'janus_refused';
  notices.set('meeting', code, error?.message);
  if (code !== 'wrong_pin') return;
  find('pin-field', HTMLElement).hidden = false;
  pinField.select();
  pinField.focus();
}

/** Updates tiles, buttons, messages and the meeting from the participant's state. */
function sync() {
  const {picture, corrected, switches, trouble} = myself;
  if (ownStream.getVideoTracks()[0] !== picture) {
    for (const track of ownStream.getTracks()) ownStream.removeTrack(track);
    ownStream.addTrack(picture);
  }
  for (const tile of [preview, ownTile]) {
    tile.show({name: ownName || nameField.value.trim() || 'You', corrected});
    tile.element.dataset.blank = String(!myself.seen);
  }
  showPressed('turn-microphone', myself.heard);
  showPressed('turn-camera', myself.seen);
  showPressed('turn-correction', switches.correction);
  find('gaze', HTMLElement).textContent = describeCorrection();
  if (place.via === 'page' || joined) notices.set('relay', myself.seen ? trouble.code : '', trouble.message, () => myself.retry());
  joined?.meeting.publish(myself.offering);
  if (ownName) joined?.meeting.rename(displayName());
}

/** The text about correction, before joining. */
function describeCorrection() {
  if (!myself.seen) return 'Without a camera you see the others, and they see your name.';
  if (!myself.switches.correction) return 'Eye contact is off: the others see your own picture.';
  if (place.via === 'relay') return 'Your eyes are turned once you join; the relay sends your picture there itself.';
  return myself.corrected ? 'Your eyes are turned towards the lens. The others are told.' : 'The others see your own picture until the relay is connected.';
}

/** The display name of what this page publishes: with the mark only if that is corrected. */
function displayName() {
  return place.via === 'page' && myself.settled ? addMark(ownName) : ownName;
}

function showPressed(/** @type {string} */ id, /** @type {boolean} */ on) {
  find(id, HTMLButtonElement).setAttribute('aria-pressed', String(on));
}

function showDeviceProblem(/** @type {string} */ code) {
  if (code === 'soundless') notices.set('microphone', code);
  else notices.set('camera', code, '', () => myself.turn('camera', true));
  devices.fill();
}

/** Puts the page into a phase: lobby, joining, joined, waiting. */
function setPhase(/** @type {string} */ phase) {
  const lobby = phase === 'lobby';
  document.body.dataset.phase = phase;
  find('lobby', HTMLElement).hidden = !lobby;
  find('room', HTMLElement).hidden = lobby;
  leaveButton.hidden = lobby;
  people.setInside(phase === 'joined');
}

for (const what of /** @type {const} */ (['microphone', 'camera', 'correction'])) {
  const button = find(`turn-${what}`, HTMLButtonElement);
  button.addEventListener('click', async () => {
    await myself.turn(what, button.getAttribute('aria-pressed') !== 'true');
    if (what !== 'correction' && myself.switches[what]) notices.set(what, '');
    storeChoices({...choices, ...myself.switches});
  });
}
find('entrance', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  join();
});
leaveButton.addEventListener('click', leave);
settings.addEventListener('change', (event) => {
  const names = /** @type {CustomEvent<string[]>} */ (event).detail;
  for (const what of /** @type {const} */ (['camera', 'microphone'])) if (names.includes(what)) myself.change(what);
});
document.addEventListener('securitypolicyviolation', ({blockedURI}) => {
  if (!joined || !blockedURI.startsWith('ws')) return;
  leave();
  notices.set('meeting', 'janus_blocked');
});
window.addEventListener('pagehide', () => {
  joined?.stopper.abort();
  myself?.stop();
});
window.addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });

joinButton.disabled = true;
begin();
