/** What the relay says of one face that can be corrected in full, stamped and changed as a test needs it. */

import {packetOf} from './vectors.js';

/** Where a packet has them, in bytes: its number and its frame; of landmarks each eye, and what that says where. */
const [COUNT, RTP] = [4, 12];
const EYES = [28, 48];
const [X, Y, STEP_X, STEP_Y, OPENNESS, STRENGTH] = [0, 4, 8, 12, 16, 18];

/** Of the pictures that the files' packets are about. */
const [WIDTH, HEIGHT] = [640, 360];

const seen = packetOf('landmarks of one face');
const made = packetOf('fields of small grids');

/**
 * A packet with landmarks. x: by how many pixels the eyes lie farther right than in the file, of 640.
 * @returns {ArrayBuffer}
 */
export function landmarksOf(rtp, count, {x = 0, openness = 0.3, strength = 1} = {}) {
  const view = new DataView(seen.slice());
  for (const eye of EYES) {
    view.setFloat32(eye + X, view.getFloat32(eye + X, true) + x, true);
    view.setUint16(eye + OPENNESS, 0xffff * openness, true);
    view.setUint16(eye + STRENGTH, 0xffff * strength, true);
  }
  return stamped(view, rtp, count);
}

/** The same of a face that is known in a picture of this size. @returns {ArrayBuffer} */
export function landmarksAt(rtp, count, face, {width, height}) {
  const view = new DataView(seen.slice());
  for (const [at, eye] of [[EYES[0], face.right], [EYES[1], face.left]]) {
    const [across, down] = [WIDTH / width, HEIGHT / height];
    const values = [[X, eye.x * across], [Y, eye.y * down], [STEP_X, eye.stepX * across], [STEP_Y, eye.stepY * down]];
    for (const [offset, value] of values) view.setFloat32(at + offset, value, true);
    view.setUint16(at + OPENNESS, 0xffff * eye.openness, true);
    view.setUint16(at + STRENGTH, 0xffff, true);
  }
  return stamped(view, rtp, count);
}

/** @returns {ArrayBuffer} */
export function fieldsOf(rtp, count) {
  return stamped(new DataView(made.slice()), rtp, count);
}

const nobody = ['landmarks of nobody', 'fields for nobody'].map(packetOf);

/** Both packets about a frame in which there is nobody. @returns {ArrayBuffer[]} */
export function nobodyIn(rtp, count) {
  return nobody.map((packet) => stamped(new DataView(packet.slice()), rtp, count));
}

function stamped(view, rtp, count) {
  view.setUint32(RTP, rtp, true);
  view.setUint16(COUNT, count, true);
  return view.buffer;
}
