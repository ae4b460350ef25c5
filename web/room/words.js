/** What the room page says, and how a name tells that the gaze is corrected. Knows nothing else. */

import {sentenceFor} from '../page/words.js';

/** Other programs show it as a part of the name; this page shows a mark instead. */
const SUFFIX = ' (eye contact)';

const RAW = 'The others see your own picture, uncorrected.';

/** The name under which a person with corrected gaze is in the room. */
export function addMark(/** @type {string} */ name) {
  return name + SUFFIX;
}

/** @param {string} display @returns {{name: string, corrected: boolean}} */
export function readMark(display) {
  const corrected = display.endsWith(SUFFIX);
  return {name: (corrected ? display.slice(0, -SUFFIX.length) : display).trim() || 'Somebody', corrected};
}

/**
 * The name, made another one where somebody has it already.
 * @param {string} name
 * @param {string[]} others as they are called in the room
 */
export function uniqueName(name, others) {
  const taken = new Set(others.map((one) => readMark(one).name));
  let unique = name;
  for (let number = 2; taken.has(unique); number++) unique = `${name} ${number}`;
  return unique;
}

/** @type {Record<string, import('../page/words.js').Sentence>} */
const SENTENCES = {
  no_place: {
    title: 'No room is set.',
    text: 'Open the address you were invited with, ending in ?room= and the room’s name. Whoever runs the relay can set one with EYELINE_ROOM and EYELINE_ROOM_JANUS.',
  },
  janus_gone: {
    title: 'The meeting server cannot be reached.',
    text: 'You are back in the room by itself as soon as it answers; nothing needs to be done.',
    action: 'Try now',
  },
  janus_address: {
    title: 'The meeting server’s address cannot be used.',
    text: 'It begins with wss:// (or with ws:// where this page is on http). Check the address you were invited with.',
  },
  janus_blocked: {
    title: 'This page may not call that meeting server.',
    text: 'Only the one is allowed that the relay was told of. Whoever runs it can name another in EYELINE_ROOM_JANUS.',
  },
  unknown_room: {
    title: 'There is no such room.',
    text: 'The meeting server does not have it. Check the address you were invited with, or ask who invited you.',
  },
  wrong_pin: {
    title: 'This room asks for a PIN.',
    text: 'The one given is not right. Type the PIN that you were told, and join again.',
  },
  room_full: {
    title: 'The room is full.',
    text: 'All its places are taken. This page asks again every few seconds.',
    action: 'Try now',
  },
  removed: {
    title: 'You were put out of the room.',
    text: 'Ask who runs the meeting before you join again.',
  },
  room_closed: {
    title: 'The room was closed.',
    text: 'The meeting is over for everybody.',
  },
  janus_refused: {
    title: 'The meeting server did not let you in.',
    text: 'This page asks again every few seconds; if it stays so, tell who runs it.',
    action: 'Try now',
  },
  unreachable: {
    title: 'The relay cannot be reached.',
    text: `${RAW} Eye contact comes back by itself with the relay.`,
  },
  lost: {
    title: 'The relay is gone.',
    text: `${RAW} Eye contact comes back by itself with the relay.`,
  },
  busy: {
    title: 'The relay is full.',
    text: `${RAW} This page asks again every few seconds.`,
  },
  draining: {
    title: 'The relay is about to stop.',
    text: `${RAW} Eye contact comes back by itself with another one.`,
  },
  no_media: {
    title: 'The relay answers, but no video gets through.',
    text: `${RAW} A firewall may be in between, or the relay needs a TURN server; this page keeps trying.`,
  },
  no_target: {
    title: 'This relay cannot publish into the room.',
    text: 'This page does it instead. Whoever runs the relay can allow it with EYELINE_MEETINGS.',
    action: 'Fine',
  },
};

/** Those after which the camera can be asked for again. */
const OF_CAMERA = ['camera_refused', 'no_camera', 'camera_busy', 'camera_failed', 'camera_gone'];

/**
 * What to say about an error; `detail` is a sentence of the relay's or the meeting's where there is no better one.
 * @param {string} code
 * @param {string} [detail]
 * @returns {import('../page/words.js').Sentence}
 */
export function explain(code, detail = '') {
  if (SENTENCES[code]) return SENTENCES[code];
  if (OF_CAMERA.includes(code)) return {...sentenceFor(code), action: 'Try again'};
  if (code === 'insecure') return sentenceFor(code);
  if (code === 'soundless') {
    return {title: 'You cannot be heard.', text: 'The microphone was refused or not found. You can join all the same.', action: 'Fine'};
  }
  return {title: 'Your gaze is not corrected.', text: `${detail} ${RAW}`.trim(), action: 'Fine'};
}
