/** The room page's texts, and the mark in a display name for corrected gaze. Knows nothing else. */

import {sentenceFor} from '../page/words.js';

/** Other clients show it as part of the name; this page shows a mark instead. */
const SUFFIX = ' (eye contact)';

const RAW = 'The others see your own picture, uncorrected.';

/** The display name of a participant with corrected gaze. */
export function addMark(/** @type {string} */ name) {
  return name + SUFFIX;
}

/** @param {string} display @returns {{name: string, corrected: boolean}} */
export function readMark(display) {
  const corrected = display.endsWith(SUFFIX);
  return {name: (corrected ? display.slice(0, -SUFFIX.length) : display).trim() || 'Somebody', corrected};
}

/**
 * The name, with a number if it is taken.
 * @param {string} name
 * @param {string[]} others display names in the room
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
    text: 'This page rejoins automatically as soon as it answers.',
    action: 'Try now',
  },
  janus_address: {
    title: 'The meeting server’s address cannot be used.',
    text: 'It must begin with wss:// (or with ws:// where this page is on http). Check the address you were invited with.',
  },
  janus_blocked: {
    title: 'This page may not call that meeting server.',
    text: 'Only the one that is set at the relay is allowed. Whoever runs the relay can set another with EYELINE_ROOM_JANUS.',
  },
  unknown_room: {
    title: 'There is no such room.',
    text: 'The meeting server does not have it. Check the address you were invited with, or ask whoever invited you.',
  },
  wrong_pin: {
    title: 'This room asks for a PIN.',
    text: 'It is missing or wrong. Enter the PIN that you were given, and join again.',
  },
  room_full: {
    title: 'The room is full.',
    text: 'All its places are taken. This page tries again every few seconds.',
    action: 'Try now',
  },
  removed: {
    title: 'You were removed from the room.',
    text: 'Ask whoever runs the meeting before you join again.',
  },
  room_closed: {
    title: 'The room was closed.',
    text: 'The meeting is over for everybody.',
  },
  janus_refused: {
    title: 'The meeting server did not let you in.',
    text: 'This page tries again every few seconds; if that does not help, tell whoever runs it.',
    action: 'Try now',
  },
  unreachable: {
    title: 'The relay cannot be reached.',
    text: `${RAW} Eye contact comes back automatically with the relay.`,
  },
  lost: {
    title: 'The connection to the relay was lost.',
    text: `${RAW} Eye contact comes back automatically with the relay.`,
  },
  busy: {
    title: 'The relay is full.',
    text: `${RAW} This page tries again every few seconds.`,
  },
  draining: {
    title: 'The relay is about to stop.',
    text: `${RAW} Eye contact comes back automatically with another one.`,
  },
  no_media: {
    title: 'The relay answers, but no video gets through.',
    text: `${RAW} A firewall may be in between, or the relay needs a TURN server; this page keeps trying.`,
  },
  no_target: {
    title: 'This relay cannot publish into the room.',
    text: 'This page does it instead. Whoever runs the relay can allow it with EYELINE_MEETINGS.',
    action: 'OK',
  },
};

/** Problems after which opening the camera can be retried. */
const CAMERA_CODES = ['camera_refused', 'no_camera', 'camera_busy', 'camera_failed', 'camera_gone'];

/**
 * The message for an error; `detail` is the text of the relay or the meeting server, used where there is no better one.
 * @param {string} code
 * @param {string} [detail]
 * @returns {import('../page/words.js').Sentence}
 */
export function explain(code, detail = '') {
  if (SENTENCES[code]) return SENTENCES[code];
  if (CAMERA_CODES.includes(code)) return {...sentenceFor(code), action: 'Try again'};
  if (code === 'insecure') return sentenceFor(code);
  if (code === 'soundless') {
    return {title: 'You cannot be heard.', text: 'The microphone was refused or not found. You can still join.', action: 'OK'};
  }
  return {title: 'Your gaze is not corrected.', text: `${detail} ${RAW}`.trim(), action: 'OK'};
}
