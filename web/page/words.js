/** The page's texts: what went wrong and what to do, and names of directions. Knows nothing else. */

const YOUR_OWN = 'You see your own picture, uncorrected.';

/**
 * `action` is the label of the message's button; without one there is no button.
 * @typedef {{title: string, text: string, action?: string}} Sentence
 * @type {Record<string, Sentence>}
 */
const SENTENCES = {
  insecure: {
    title: 'This page needs a secure address.',
    text: 'Browsers give the camera to https pages and to localhost only. Open it with https, or on the relay’s own machine as http://localhost.',
  },
  camera_refused: {
    title: 'The camera was refused.',
    text: 'Allow it for this page, with the camera or lock symbol beside the address, and start again.',
  },
  no_camera: {
    title: 'No camera was found.',
    text: 'Plug one in or switch it on, and start again.',
  },
  camera_busy: {
    title: 'The camera is in use.',
    text: 'Another program is using it. Close that program or choose another camera, and start again.',
  },
  camera_failed: {
    title: 'The camera could not be started.',
    text: 'Choose another one, or unplug it and plug it in again, and start again.',
  },
  camera_gone: {
    title: 'The camera was disconnected.',
    text: 'Plug it in again or choose another one, and start again.',
  },
  soundless: {
    title: 'Picture only.',
    text: 'The microphone was refused or not found, so no sound is sent. Choose one under Devices to add it.',
    action: 'OK',
  },
  microphone_failed: {
    title: 'That microphone could not be started.',
    text: 'Sound goes on as before. Allow it for this page or choose another one.',
    action: 'OK',
  },
  unreachable: {
    title: 'The relay cannot be reached.',
    text: `${YOUR_OWN} Check that the relay is running and that you are online; this page keeps trying.`,
    action: 'Try now',
  },
  busy: {
    title: 'The relay is full.',
    text: `All its places are taken. ${YOUR_OWN} This page tries again every few seconds.`,
    action: 'Try now',
  },
  lost: {
    title: 'The connection to the relay was lost.',
    text: `${YOUR_OWN} This page reconnects automatically.`,
    action: 'Try now',
  },
  no_media: {
    title: 'The relay answers, but no video gets through.',
    text: `${YOUR_OWN} A firewall may be in between, or the relay needs a TURN server; this page keeps trying.`,
    action: 'Try now',
  },
  no_field_return: {
    title: 'This relay cannot leave the warping to this browser.',
    text: `${YOUR_OWN} It may be an older one; it can still send the corrected picture back itself.`,
    action: 'Warp at the relay',
  },
  unsupported_codec: {
    title: 'This browser and the relay share no video format.',
    text: `${YOUR_OWN} Use a browser that sends VP8 or H.264.`,
    action: 'Try again',
  },
};

/**
 * The message for an error; `detail` is the relay's own text, used where there is no better one.
 * @param {string} code
 * @param {string} [detail]
 * @returns {Sentence}
 */
export function sentenceFor(code, detail = '') {
  return SENTENCES[code] ?? {
    title: 'The relay did not accept the call.', text: `${detail} ${YOUR_OWN}`.trim(), action: 'Try again',
  };
}

/** @type {Record<string, string>} */
const REJECTIONS = {
  no_face: 'Your eyes could not be seen. Sit so that your whole face is in the picture, with light on it.',
  blinked: 'You blinked. Keep your eyes open for about a second after the click.',
  moved: 'You moved. Keep your head and eyes still for about a second after the click.',
  too_far: 'That is farther from the lens than can be corrected. Move the window closer to the camera.',
  wrong_order: 'The look at the lens comes first.',
};

/** Why a look was rejected, and what to do. */
export function explainRejection(/** @type {string} */ code, /** @type {string} */ detail) {
  return REJECTIONS[code] ?? detail;
}

/** An angle up or down, such as "8.0° up". */
export function namePitch(/** @type {number} */ pitch) {
  return name(pitch, 'up', 'down');
}

/** An angle to the side as seen: in a mirrored picture the camera's right is on the left. */
export function nameYaw(/** @type {number} */ yaw, /** @type {boolean} */ mirrored) {
  return name(mirrored ? -yaw : yaw, 'right', 'left');
}

/** @param {number} degrees @param {string} positive @param {string} negative */
function name(degrees, positive, negative) {
  const size = Math.abs(degrees).toFixed(1);
  if (size === '0.0') return '0°';
  return `${size}° ${degrees > 0 ? positive : negative}`;
}

/** @type {Record<string, string>} */
const OBSTACLES = {
  no_webgl: 'This browser has no WebGL 2, or it is switched off; warping here needs it. The relay can do it instead.',
};

/** Why this browser cannot warp, and what to do instead. */
export function explainObstacle(/** @type {string} */ code) {
  return OBSTACLES[code] ?? 'This browser cannot warp.';
}
