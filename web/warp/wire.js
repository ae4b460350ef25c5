/**
 * Decodes the packets of the data channel `fields`: landmarks, and fields for correcting the eyes. The format is in
 * docs/protocol.md; relay/gaze/wire/packets.py encodes it. Knows nothing of frames' pixels or of the connection.
 *
 * An eye: x, y: midpoint of its corners; stepX, stepY: one eye width along the patch's x; pixels of a frame of
 * width x height. openness: lid aperture over eye width; strength: factor of the field, 0..1, gate and lids combined.
 *
 * A grid covers the whole patch; its nodes, row after row, lie at the centres of equal cells. A node's value is
 * scale * data / 127, never below -scale: exactly what a texture of this data gives (RG8_SNORM, R8_SNORM), times the
 * scale. Flow and rest hold x and y of each node in turn, in eye widths; light is relative to the luma's whole
 * range. The mask is sent as its logit, which is smooth: the mask is 1 / (1 + exp(-value)), computed after
 * interpolating the value.
 *
 * @typedef {{x: number, y: number, stepX: number, stepY: number, openness: number, strength: number}} EyeLandmarks
 * @typedef {{number: number, right: EyeLandmarks, left: EyeLandmarks}} FaceLandmarks
 * @typedef {{columns: number, rows: number, scale: number, data: Int8Array}} Grid
 * @typedef {{flow: Grid, rest: Grid | null, mask: Grid, light: Grid | null}} FieldGrids
 *   without rest nothing moves outside the mask; without light none is added
 * @typedef {{number: number, right: FieldGrids, left: FieldGrids}} FaceFields
 *
 * rtp, time [s]: RTP timestamp and media time of the frame it was made from; count: sequence number of the packets of
 * its kind, 0..65535, wrapping; facesRtp: the frame whose landmarks the fields were made with.
 * @typedef {{rtp: number, time: number, width: number, height: number, count: number}} Stamp
 * @typedef {Stamp & {kind: 'landmarks', faces: FaceLandmarks[]}} Landmarks
 * @typedef {Stamp & {kind: 'fields', facesRtp: number, faces: FaceFields[]}} Fields
 */

const MAGIC = 0xe7;
const VERSION = 1;
const LANDMARKS = 1;
const FIELDS = 2;

/** Sizes of the fixed-length parts, bytes. */
const STAMP = 24;
const NUMBER = 4;
const EYE = 20;
const GRIDS = 12;
const SCALES = 16;

/** Limits of values in a packet. */
const MOST_FACES = 8;
const MOST_COLUMNS = 64;
const MOST_ROWS = 48;
const MOST_TIME = 1e9;
const MOST_PIXELS = 1e5;
const LEAST_STEP = 0.01;

/** The layers in their order: how many values a node has, whether it may be absent, the greatest scale. */
const LAYERS = [
  {name: 'flow', values: 2, optional: false, most: 4},
  {name: 'rest', values: 2, optional: true, most: 4},
  {name: 'mask', values: 1, optional: false, most: 16},
  {name: 'light', values: 1, optional: true, most: 1},
];

/**
 * The packet's content; its grids are views of the buffer. null: malformed, or of another version.
 * @param {unknown} buffer the message's data; anything but an ArrayBuffer is malformed
 * @returns {Landmarks | Fields | null}
 */
export function decode(buffer) {
  if (!(buffer instanceof ArrayBuffer)) return null;
  const view = new DataView(buffer);
  const stamp = readStamp(view);
  if (!stamp) return null;
  return view.getUint8(2) === LANDMARKS ? readLandmarks(view, stamp) : readFields(view, stamp);
}

/**
 * How many packets of one kind were lost between two that arrived; 0 for a late one.
 * @param {number} earlier @param {number} later their sequence numbers
 */
export function lostBetween(earlier, later) {
  const step = (later - earlier) & 0xffff;
  return step === 0 || step >= 0x8000 ? 0 : step - 1;
}

/** @returns {Stamp | null} */
function readStamp(/** @type {DataView} */ view) {
  if (view.byteLength < STAMP || view.getUint8(0) !== MAGIC || view.getUint8(1) !== VERSION) return null;
  const kind = view.getUint8(2);
  const stamp = {
    rtp: view.getUint32(12, true),
    time: view.getFloat64(16, true),
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    count: view.getUint16(4, true),
  };
  const sane = (kind === LANDMARKS || kind === FIELDS) && view.getUint8(3) <= MOST_FACES
    && view.getUint16(10, true) === 0 && stamp.width > 0 && stamp.height > 0 && within(stamp.time, MOST_TIME);
  return sane ? stamp : null;
}

/** @returns {Landmarks | null} */
function readLandmarks(/** @type {DataView} */ view, /** @type {Stamp} */ stamp) {
  const count = view.getUint8(3);
  const length = NUMBER + 2 * EYE;
  if (view.byteLength !== STAMP + count * length) return null;
  const faces = [];
  for (let at = STAMP; at < view.byteLength; at += length) {
    const [right, left] = [readEye(view, at + NUMBER), readEye(view, at + NUMBER + EYE)];
    if (!right || !left) return null;
    faces.push({number: view.getUint32(at, true), right, left});
  }
  return {kind: 'landmarks', ...stamp, faces};
}

/** @returns {EyeLandmarks | null} */
function readEye(/** @type {DataView} */ view, /** @type {number} */ at) {
  const [x, y, stepX, stepY] = [0, 4, 8, 12].map((offset) => view.getFloat32(at + offset, true));
  const sane = [x, y, stepX, stepY].every((value) => within(value, MOST_PIXELS)) && Math.hypot(stepX, stepY) >= LEAST_STEP;
  const share = (/** @type {number} */ offset) => view.getUint16(at + offset, true) / 0xffff;
  return sane ? {x, y, stepX, stepY, openness: share(16), strength: share(18)} : null;
}

/** @returns {Fields | null} */
function readFields(/** @type {DataView} */ view, /** @type {Stamp} */ stamp) {
  if (view.byteLength < STAMP + GRIDS) return null;
  const shapes = readShapes(view);
  if (!shapes) return null;
  const eye = SCALES + shapes.reduce((bytes, {size}) => bytes + size, 0);
  const length = NUMBER + 2 * eye;
  const start = STAMP + GRIDS;
  if (view.byteLength !== start + view.getUint8(3) * length) return null;
  const faces = [];
  for (let at = start; at < view.byteLength; at += length) {
    const [right, left] = [readField(view, at + NUMBER, shapes), readField(view, at + NUMBER + eye, shapes)];
    if (!right || !left) return null;
    faces.push({number: view.getUint32(at, true), right, left});
  }
  return {kind: 'fields', ...stamp, facesRtp: view.getUint32(STAMP, true), faces};
}

/** @typedef {{columns: number, rows: number, size: number}} Shape size: bytes of the layer */

/** Of each layer. @returns {Shape[] | null} */
function readShapes(/** @type {DataView} */ view) {
  const shapes = LAYERS.map(({values}, layer) => {
    const at = STAMP + 4 + 2 * layer;
    const [columns, rows] = [view.getUint8(at), view.getUint8(at + 1)];
    return {columns, rows, size: values * columns * rows};
  });
  const sane = shapes.every(({columns, rows}, layer) => columns === 0 && rows === 0
    ? LAYERS[layer].optional
    : columns >= 2 && rows >= 2 && columns <= MOST_COLUMNS && rows <= MOST_ROWS);
  return sane ? shapes : null;
}

/** @returns {FieldGrids | null} */
function readField(/** @type {DataView} */ view, /** @type {number} */ at, /** @type {Shape[]} */ shapes) {
  /** @type {Record<string, Grid | null>} */
  const grids = {};
  let next = at + SCALES;
  for (const [layer, {name, most}] of LAYERS.entries()) {
    const {columns, rows, size} = shapes[layer];
    const scale = view.getFloat32(at + 4 * layer, true);
    if (!(scale >= 0 && scale <= most)) return null;
    grids[name] = size ? {columns, rows, scale, data: new Int8Array(view.buffer, next, size)} : null;
    next += size;
  }
  return /** @type {FieldGrids} */ (grids);
}

/** Whether it is a number no farther than `most` from zero. */
function within(/** @type {number} */ value, /** @type {number} */ most) {
  return Math.abs(value) <= most;
}
