/**
 * The relay's newest packets, and the fields placed at the eyes' current positions. Knows nothing of how packets
 * arrive, of pixels, or of what makes a result too old.
 *
 * A frame is any record of one of the camera's frames.
 *
 * @typedef {import('./wire.js').Landmarks} Landmarks
 * @typedef {import('./wire.js').Fields} Fields
 * @typedef {import('./wire.js').FaceLandmarks} FaceLandmarks
 * @typedef {import('./wire.js').EyeLandmarks} EyeLandmarks
 * @typedef {import('./drawing/warp.js').Placed & {face: number}} Placed face: its number
 */

import {lostBetween} from './wire.js';

/** Below this openness the lids are closed, as in relay/gaze/aim.py. */
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
  /** Packets of this kind that were missed, and those among them that arrived late. */
  lost = 0;
  late = 0;

  /**
   * Stores a packet unless a newer one has arrived: the channel is unordered. A late one remains counted as lost.
   * @param {P} packet
   * @returns {boolean} whether it was stored
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

  /** Another connection: its packet numbers start again. */
  reset() {
    this.packet = this.frame = undefined;
  }
}

/**
 * The packet's faces in pixels of a frame of this size.
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
 * Both fields of each face placed at its eyes, where present and with a positive gain.
 * @param {FaceLandmarks[]} faces in pixels of the frame
 * @param {Fields} fields
 * @param {(number: number, side: 'right' | 'left') => number} share 0..1 of the relay's strength
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

/** Width of both eyes together; where faces overlap, the larger is drawn over the smaller. */
const widthOf = (/** @type {FaceLandmarks} */ {right, left}) =>
  Math.hypot(right.stepX, right.stepY) + Math.hypot(left.stepX, left.stepY);

/**
 * The reason why nothing is placed although fields and landmarks are fresh.
 * @param {FaceLandmarks[]} faces @param {Fields} fields
 * @param {Map<number, {right: number, left: number}>} open the guard's result, by the face's number
 */
export function idleReason(faces, fields, open) {
  if (!faces.length) return 'no_face'; // or the relay holds all corrections back: its own statistics say why
  const numbers = fields.faces.map(({number}) => number);
  if (!faces.some(({number}) => numbers.includes(number))) return 'warming_up';
  const closed = (/** @type {FaceLandmarks} */ face) =>
    SIDES.every((side) => face[side].openness < CLOSED || open.get(face.number)?.[side] === 0);
  return faces.every(closed) ? 'eyes_closed' : 'held_back';
}
