/** Packets of the relay about one face with full correction, with the timestamps and changes that a test needs. */

import {packetOf} from './vectors.js';

/** Byte offsets: sequence number and RTP timestamp; of landmarks each eye, and its values. */
const [COUNT, RTP] = [4, 12];
const EYES = [28, 48];
const [X, Y, STEP_X, STEP_Y, OPENNESS, STRENGTH] = [0, 4, 8, 12, 16, 18];

/** Frame size of the packets in the files. */
const [WIDTH, HEIGHT] = [640, 360];

const seen = packetOf('landmarks of one face');
const made = packetOf('fields of small grids');

/**
 * A packet with landmarks. x: shift of the eyes to the right, in pixels of a frame 640 wide.
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

/** A packet with the landmarks of a face given in pixels of a frame of this size. @returns {ArrayBuffer} */
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

/** Both packets about a frame without a face. @returns {ArrayBuffer[]} */
export function nobodyIn(rtp, count) {
  return nobody.map((packet) => stamped(new DataView(packet.slice()), rtp, count));
}

function stamped(view, rtp, count) {
  view.setUint32(RTP, rtp, true);
  view.setUint16(COUNT, count, true);
  return view.buffer;
}
