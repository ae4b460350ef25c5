/**
 * The newest that the relay has said, and the fields placed where the eyes are by now. Knows nothing of how packets
 * come, of pictures, or of what makes a result too old.
 *
 * A frame is any record of one of the camera's frames; a grid of luma pixels stands for all of them (see luma.js).
 *
 * @typedef {import('./wire.js').Landmarks} Landmarks
 * @typedef {import('./wire.js').Fields} Fields
 * @typedef {import('./wire.js').FaceLandmarks} FaceLandmarks
 * @typedef {import('./wire.js').EyeLandmarks} EyeLandmarks
 * @typedef {import('./drawing/warp.js').Placed & {face: number}} Placed face: its number
 */

import {lostBetween} from './wire.js';

/** Below this the lids are closed; as relay/gaze/aim.py has it. */
const CLOSED = 0.1;

/**
 * The newest packet of one kind and the frame it was made from.
 * @template {Landmarks | Fields} P @template F
 */
export class Newest {
  /** @type {P | undefined} */
  packet;
  /** @type {F | undefined} */
  frame;
  /** Packets of this kind that did not come in time, and those among them that came late. */
  lost = 0;
  late = 0;

  /**
   * Takes a packet unless a newer one has come: the channel keeps no order. A late one stays counted as lost.
   * @param {P} packet
   * @returns {boolean} whether it did
   */
  take(packet) {
    const step = this.packet ? (packet.count - this.packet.count) & 0xffff : 1;
    if (step === 0 || step >= 0x8000) {
      this.late += 1;
      return false;
    }
    if (this.packet) this.lost += lostBetween(this.packet.count, packet.count);
    this.packet = packet;
    return true;
  }

  /** Another connection: it counts anew. */
  reset() {
    this.packet = this.frame = undefined;
  }
}

/**
 * The packet's faces in pixels of a picture of this size.
 * @param {Landmarks} packet @param {number} width @param {number} height
 * @returns {FaceLandmarks[]}
 */
export function scaled(packet, width, height) {
  return packet.faces.map((face) => resize(face, width / packet.width, height / packet.height));
}

/** @param {FaceLandmarks} face @param {number} across @param {number} down @returns {FaceLandmarks} */
export function resize(face, across, down) {
  const eye = (/** @type {EyeLandmarks} */ one) => ({
    ...one, x: one.x * across, y: one.y * down, stepX: one.stepX * across, stepY: one.stepY * down,
  });
  return {...face, right: eye(face.right), left: eye(face.left)};
}

/**
 * Both fields of each face at its eyes, as far as there are any and they are to be shown.
 * @param {FaceLandmarks[]} faces in pixels of the picture
 * @param {Fields} fields
 * @param {(number: number, side: 'right' | 'left') => number} share 0..1 of what the relay wants
 * @returns {Placed[]}
 */
export function place(faces, fields, share) {
  const made = new Map(fields.faces.map((one) => [one.number, one]));
  return faces.toSorted((one, other) => widthOf(one) - widthOf(other)).flatMap((face) => SIDES.flatMap((side) => {
    const field = made.get(face.number)?.[side];
    const {x, y, stepX, stepY, strength} = face[side];
    const gain = strength * share(face.number, side);
    return field && gain > 0 ? [{face: face.number, x, y, stepX, stepY, mirrored: side === 'left', field, gain}] : [];
  }));
}

const SIDES = /** @type {const} */ (['right', 'left']);

/** Of both eyes together; where faces meet, the larger one lies over the smaller. */
const widthOf = (/** @type {FaceLandmarks} */ {right, left}) =>
  Math.hypot(right.stepX, right.stepY) + Math.hypot(left.stepX, left.stepY);

/**
 * Why nothing is placed although fields and landmarks are new enough.
 * @param {FaceLandmarks[]} faces @param {Fields} fields
 * @param {Map<number, {right: number, left: number}>} open what the guard found, by the face's number
 */
export function idleReason(faces, fields, open) {
  if (!faces.length) return 'no_face'; // or the relay holds all back: its own statistics say why
  const numbers = fields.faces.map(({number}) => number);
  if (!faces.some(({number}) => numbers.includes(number))) return 'warming_up';
  const closed = (/** @type {FaceLandmarks} */ face) =>
    SIDES.every((side) => face[side].openness < CLOSED || open.get(face.number)?.[side] === 0);
  return faces.every(closed) ? 'eyes_closed' : 'held_back';
}
