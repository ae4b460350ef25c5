/**
 * The room page: join a Janus room with a camera whose eyes are turned. File by file:
 *
 *   room-place.js                      which room
 *   room-myself.js                     what the others are to see and hear; eyeline.js corrects it
 *     room-equipment.js, room-blank.js   camera and microphone, and what is shown where there is no camera
 *     room-way.js                        whether this page or the relay publishes it
 *   room-meeting.js, janus.js          being in the room, with room-publication.js out and room-feed.js in
 *   room-people.js, room-grid.js       what one sees of the others
 *   room-words.js, room-notices.js     what is said; room-choices.js: what is remembered
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
/** Being in the room, and its end. @type {{meeting: Meeting, over: AbortController} | undefined} */
let stay;
/** Under which name; others of the same name make it another one. */
let calledAs = '';

async function begin() {
  find('preview', HTMLElement).append(preview.element);
  nameField.value = choices.name;
  place = await findPlace(location);
  nameField.value = place.name || choices.name;
  pinField.value = place.pin;
  find('where', HTMLElement).textContent = place.room ? `room ${place.room}` : 'room';
  if (!place.janus || !place.room) notices.say('meeting', 'no_place');
  if (place.via === 'relay' && !place.meeting) refuseRelay();
  const {camera, microphone, correction} = choices;
  myself = new Myself({
    settings, wishes: {camera, microphone, correction}, viaRelay: place.via === 'relay',
    blank: new Blank(() => calledAs || nameField.value),
    correct: (track, wish) => new Corrected(track, {...wish, ...correctionOptions()}),
  });
  myself.addEventListener('change', sync);
  myself.addEventListener('trouble', (event) => complainOfDevice(/** @type {CustomEvent} */ (event).detail));
  myself.addEventListener('ended', () => { leave(); notices.say('meeting', 'removed'); });
  sync();
  if (!camerasAllowed()) {
    notices.say('camera', 'insecure');
    return;
  }
  await myself.open();
  devices.fill();
  joinButton.disabled = false;
}

/** What the relay is told when it is asked to correct. */
function correctionOptions() {
  const {relay, via, meeting: janus, room, pin} = {...place, pin: pinField.value};
  if (via === 'page') return {relay};
  return {relay, publish: {janus, room: String(room), ...(pin && {pin}), display: addMark(calledAs)}};
}

function refuseRelay() {
  place.via = 'page';
  notices.say('way', 'no_target');
}

function join() {
  if (!place.janus || !place.room) {
    notices.say('meeting', 'no_place');
    return;
  }
  notices.say('meeting', '');
  choices.name = nameField.value.trim();
  storeChoices({...choices, ...myself.wishes});
  calledAs = '';
  const over = new AbortController();
  const {janus, room, relay} = place;
  const meeting = new Meeting({
    janus, room, pin: pinField.value, servers: () => findServers(relay),
    call: (others) => {
      calledAs ||= uniqueName(choices.name, others);
      return display();
    },
    ours: (name) => place.via === 'relay' && name === addMark(calledAs),
  });
  stay = {meeting, over};
  meeting.addEventListener('state', (event) => follow(/** @type {CustomEvent} */ (event).detail));
  meeting.addEventListener('feed', (event) => people.add(/** @type {CustomEvent} */ (event).detail));
  meeting.addEventListener('ours', (event) => myself.see(/** @type {CustomEvent} */ (event).detail));
  enter('joining');
  meeting.publish(myself.offering);
  meeting.run(over.signal);
  leaveButton.focus({preventScroll: true});
}

function leave() {
  stay?.over.abort();
  stay = undefined;
  calledAs = '';
  myself.leave();
  notices.say('meeting', '');
  enter('lobby');
  joinButton.focus({preventScroll: true});
}

/** @param {import('./meeting.js').MeetingState} state */
function follow(state) {
  if (state.phase === 'joined') {
    notices.say('meeting', '');
    enter('joined');
    myself.enter();
    sync();
  } else if (state.phase === 'refused') {
    leave();
    refuse(state.error);
  } else if (state.phase === 'waiting') {
    enter('waiting');
    notices.say('meeting', state.error?.code ?? 'janus_gone', '', () => stay?.meeting.retry());
  }
}

function refuse(/** @type {import('./janus.js').JanusError | undefined} */ error) {
  const code = error?.code ?? 'janus_refused';
  notices.say('meeting', code, error?.message);
  if (code !== 'wrong_pin') return;
  find('pin-field', HTMLElement).hidden = false;
  pinField.select();
  pinField.focus();
}

/** Brings everything in line with what one is and wants. */
function sync() {
  const {picture, corrected, wishes, trouble} = myself;
  if (ownStream.getVideoTracks()[0] !== picture) {
    for (const track of ownStream.getTracks()) ownStream.removeTrack(track);
    ownStream.addTrack(picture);
  }
  for (const tile of [preview, ownTile]) {
    tile.show({name: calledAs || nameField.value.trim() || 'You', corrected});
    tile.element.dataset.blank = String(!myself.seen);
  }
  show('turn-microphone', myself.heard);
  show('turn-camera', myself.seen);
  show('turn-correction', wishes.correction);
  find('gaze', HTMLElement).textContent = describe();
  if (place.via === 'page' || stay) notices.say('relay', myself.seen ? trouble.code : '', trouble.message, () => myself.retry());
  stay?.meeting.publish(myself.offering);
  if (calledAs) stay?.meeting.rename(display());
}

/** What is done to one's eyes, before one joins. */
function describe() {
  if (!myself.seen) return 'Without a camera you see the others, and they see your name.';
  if (!myself.wishes.correction) return 'Eye contact is off: the others see your own picture.';
  if (place.via === 'relay') return 'Your eyes are turned once you join; the relay sends your picture there itself.';
  return myself.corrected ? 'Your eyes are turned towards the lens. The others are told.' : 'The others see your own picture until the relay is there.';
}

/** How this page is called in the room: the mark is only where the eyes are turned in what it publishes itself. */
function display() {
  return place.via === 'page' && myself.settled ? addMark(calledAs) : calledAs;
}

function show(/** @type {string} */ id, /** @type {boolean} */ on) {
  find(id, HTMLButtonElement).setAttribute('aria-pressed', String(on));
}

function complainOfDevice(/** @type {string} */ code) {
  if (code === 'soundless') notices.say('microphone', code);
  else notices.say('camera', code, '', () => myself.turn('camera', true));
  devices.fill();
}

/** Brings the page into a phase: lobby, joining, joined, waiting. */
function enter(/** @type {string} */ phase) {
  const lobby = phase === 'lobby';
  document.body.dataset.phase = phase;
  find('lobby', HTMLElement).hidden = !lobby;
  find('room', HTMLElement).hidden = lobby;
  leaveButton.hidden = lobby;
  people.enter(phase === 'joined');
}

for (const what of /** @type {const} */ (['microphone', 'camera', 'correction'])) {
  const button = find(`turn-${what}`, HTMLButtonElement);
  button.addEventListener('click', async () => {
    await myself.turn(what, button.getAttribute('aria-pressed') !== 'true');
    if (what !== 'correction' && myself.wishes[what]) notices.say(what, '');
    storeChoices({...choices, ...myself.wishes});
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
  if (!stay || !blockedURI.startsWith('ws')) return;
  leave();
  notices.say('meeting', 'janus_blocked');
});
window.addEventListener('pagehide', () => {
  stay?.over.abort();
  myself?.end();
});
window.addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });

joinButton.disabled = true;
begin();
