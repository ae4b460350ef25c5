/**
 * Decides for every frame of the camera, without waiting, how it is warped, from the newest packets of the relay. The
 * same for both routes. Knows nothing of how frames come and go, nor of how they are drawn.
 *
 * Every event is passed in with the time `at` which it happened (milliseconds of one clock for all); plan() is called
 * for each frame in order.
 *
 * @typedef {import('./motion/luma.js').Small} Small
 * @typedef {import('./wire.js').FaceLandmarks} FaceLandmarks
 * @typedef {import('./fields.js').Placed} Placed
 * @typedef {{
 *   index: number, time: number, at: number, width: number, height: number, luma?: Small,
 * }} Frame of the camera: its number, its time on the camera's clock and its arrival, milliseconds; pixels
 * @typedef {import('./freshness.js').Limits & {motion: 'flow' | 'velocity' | 'off', guard: boolean}} DisplaySettings
 * @typedef {{placed: Placed[], verdict: string, landmarks: number | null, field: number | null}} Plan
 *   what to warp; the reason if nothing is warped; the numbers of the frames whose results are used
 */

import {Newest, idleReason, place, resize, scaled} from './fields.js';
import {Fade} from './freshness.js';
import {guard} from './motion/guard.js';
import {carry, extrapolate, velocities, makeReference} from './motion/motion.js';
import {Stamps} from './stamps.js';
import {FrameCounts} from './frame-counts.js';
import {decode} from './wire.js';

/** How long frames are kept: longer than the half second after which no result is used. */
const HISTORY_MS = 700;

/** After this time without a packet none is expected about the current frame, milliseconds. */
const SILENT_MS = 1000;

/**
 * A frame may have been dropped here but not on its way to the relay. Of a field only the age matters, so the nearest
 * frame is used for the one it was made from; landmarks must match theirs, and the next ones soon come. Milliseconds.
 */
const NEAR_MS = 50;

/** @type {Map<number, {right: number, left: number}>} */
const NO_GUARD = new Map();

export class Display {
  #settings;
  #fade;
  #stamps = new Stamps();
  /** @type {Frame[]} */
  #frames = [];
  #index = 0;
  /** @type {Newest<import('./wire.js').Landmarks, Frame>} */
  #landmarks = new Newest();
  /** @type {Newest<import('./wire.js').Fields, Frame>} */
  #fields = new Newest();
  /** @type {import('./motion/motion.js').MotionReference<FaceLandmarks> | undefined} */
  #reference;
  #receivedAt = -Infinity;
  /** Largest distance between a timestamp and its frame, milliseconds. @type {number | undefined} */
  #tolerance;
  counts = new FrameCounts();

  constructor(/** @type {DisplaySettings} */ settings) {
    this.#settings = settings;
    this.#fade = new Fade(settings);
  }

  /** Whether packets have arrived lately, so that a frame's pixels may be needed. */
  isReceiving(/** @type {number} */ at) {
    return at - this.#receivedAt < SILENT_MS;
  }

  /** Whether frames need their luma. */
  get wantsLuma() {
    return this.#settings.motion === 'flow' || this.#settings.guard;
  }

  /** How packets are matched to frames. */
  get stamps() {
    return this.#stamps.kind;
  }

  /** Size of the newest frame, pixels. */
  get size() {
    const {width = 0, height = 0} = this.#frames.at(-1) ?? {};
    return {width, height};
  }

  /** Changes settings. @param {Partial<DisplaySettings>} settings */
  change(settings) {
    this.#settings = this.#fade.limits = {...this.#settings, ...settings};
  }

  /**
   * A frame has arrived.
   * @param {{time: number, at: number, width: number, height: number}} frame
   * @param {boolean} guessed its time is accurate to about one frame only
   * @returns {Frame}
   */
  arrive({time, at, width, height}, guessed = false) {
    this.#tolerance = guessed ? NEAR_MS : undefined;
    const frame = {index: this.#index++, time, at, width, height};
    this.#frames.push(frame);
    this.#frames = this.#frames.filter((one) => time - one.time < HISTORY_MS);
    this.#stamps.frame(time, at);
    this.counts.arrive(at);
    return frame;
  }

  /** The small copy of a frame left the encoder with this RTP timestamp. */
  sent(/** @type {number} */ rtp, /** @type {number} */ at) {
    this.#stamps.sent(rtp, at);
  }

  /** A round trip of the control channel, milliseconds. */
  trip(/** @type {number} */ milliseconds) {
    this.#stamps.trip(milliseconds);
  }

  /** A packet of the relay has arrived. */
  receive(/** @type {unknown} */ buffer, /** @type {number} */ at) {
    const packet = decode(buffer);
    if (!packet) {
      this.counts.packets.malformed += 1;
      return;
    }
    this.#receivedAt = at;
    this.counts.packets[packet.kind] += 1;
    this.#stamps.received(packet.rtp, at);
    const frame = this.#frameOf(packet.rtp, packet.kind === 'fields' ? NEAR_MS : this.#tolerance);
    if (!frame) this.counts.packets.unmatched += 1;
    else if (packet.kind === 'landmarks') this.#addLandmarks(packet, frame);
    else if (this.#fields.take(packet)) this.#fields.frame = frame;
    this.counts.packets.lost = this.#landmarks.lost + this.#fields.lost;
    this.counts.packets.late = this.#landmarks.late + this.#fields.late;
  }

  /** The connection has ended: its packets do not apply to the next one. */
  reset() {
    this.#landmarks.reset();
    this.#fields.reset();
    this.#reference = undefined;
    this.#stamps.reset();
  }

  /** The camera has changed. */
  changeCamera() {
    this.#frames = [];
    this.#landmarks.frame = this.#fields.frame = this.#reference = undefined;
    this.#stamps.change();
  }

  /** How to warp this frame. @param {Frame} frame @returns {Plan} */
  plan(frame) {
    const {packet: fields, frame: fieldFrame} = this.#fields;
    const {frame: seen} = this.#landmarks;
    if (!this.#reference || !fields || !seen || !fieldFrame) return passed('warming_up');
    const oldest = (frame.time - Math.min(seen.time, fieldFrame.time)) / 1000;
    const ages = {landmarks: frame.index - seen.index, field: frame.index - fieldFrame.index, oldest};
    const share = this.#fade.share(ages, frame.time / 1000);
    if (share === 0) return passed('late');
    const carried = this.#carry(this.#reference, seen, frame);
    const open = this.#settings.guard && frame.luma ? guard(this.#reference, carried, frame.luma) : NO_GUARD;
    const scale = scaleOf(seen);
    const [across, down] = [scale * frame.width / seen.width, scale * frame.height / seen.height];
    const faces = carried.map((face) => resize(face, across, down));
    const placed = place(faces, fields, (number, side) => share * (open.get(number)?.[side] ?? 1));
    const verdict = placed.length ? 'corrected' : idleReason(faces, fields, open);
    return {placed, verdict, landmarks: seen.index, field: fieldFrame.index};
  }

  #addLandmarks(/** @type {import('./wire.js').Landmarks} */ packet, /** @type {Frame} */ frame) {
    const [before, earlier] = [this.#reference, this.#landmarks.frame];
    if (!this.#landmarks.take(packet)) return;
    this.#landmarks.frame = frame;
    const {width, height} = frame.luma ?? frame;
    const faces = scaled(packet, frame.width / scaleOf(frame), frame.height / scaleOf(frame));
    const same = before?.width === width && before.height === height && earlier;
    const known = same ? velocities(before.faces, faces, (frame.time - earlier.time) / 1000) : new Map();
    const windows = new Map();
    this.#reference = frame.luma
      ? makeReference(frame.luma, faces, known)
      : {faces, width, height, windows, velocities: known};
  }

  /**
   * The faces at their positions in this frame, in pixels of the reference.
   * @param {import('./motion/motion.js').MotionReference<FaceLandmarks>} reference
   * @param {Frame} seen its frame @param {Frame} frame
   */
  #carry(reference, seen, frame) {
    const seconds = (frame.time - seen.time) / 1000;
    switch (this.#settings.motion) {
      case 'flow': return frame.luma ? carry(reference, frame.luma, seconds) : extrapolate(reference, seconds);
      case 'velocity': return extrapolate(reference, seconds);
      case 'off': return reference.faces;
    }
  }

  /** @param {number} rtp @param {number} [reach] milliseconds */
  #frameOf(rtp, reach) {
    const time = this.#stamps.timeOf(rtp, reach);
    return time === null ? undefined : this.#frames.find((frame) => frame.time === time);
  }
}

/** Frame pixels per pixel of its luma, in each direction. */
const scaleOf = (/** @type {Frame} */ {luma}) => luma?.factor ?? 1;

/** @returns {Plan} */
function passed(/** @type {string} */ verdict) {
  return {placed: [], verdict, landmarks: null, field: null};
}
