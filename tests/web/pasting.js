// Draws one frame of bytes through the fields of a packet, for the tests of web/warp/drawing/paste.js.

import {Copier} from '/warp/motion/luma.js';
import {Paster} from '/warp/drawing/paste.js';
import {decode} from '/warp/wire.js';

const fromText = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const toText = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/** The planes U and V, pixel by pixel, after Y. */
function interleave(planes, luma) {
  const [u, v] = [planes.subarray(luma, luma * 5 / 4), planes.subarray(luma * 5 / 4)];
  const chroma = (at) => (at % 2 ? v : u)[at >> 1];
  return Uint8Array.from(planes, (byte, at) => at < luma ? byte : chroma(at - luma));
}

function separate(planes, luma) {
  const chroma = (first) => Array.from({length: luma / 4}, (_, at) => planes[luma + 2 * at + first]);
  return Uint8Array.from([...planes.subarray(0, luma), ...chroma(0), ...chroma(1)]);
}

/**
 * job: planes, packet: base64; width, height; format: I420, NV12, or RGBX, for which planes are R, G, B, X; places:
 * where the packet's fields go; lost: whether the graphics context is lost first.
 */
export async function pasteOnce({planes, packet, width, height, format, places, lost}) {
  const luma = width * height;
  const given = fromText(planes);
  const bytes = format === 'NV12' ? interleave(given, luma) : given;
  const about = {format, codedWidth: width, codedHeight: height, timestamp: 1_234, duration: 33_333};
  const frame = new VideoFrame(bytes, about);
  const fields = decode(fromText(packet).buffer).faces.flatMap(({right, left}) => [right, left]);
  const contexts = lost ? watchContexts() : [];
  const paster = new Paster();
  for (const context of contexts) context.getExtension('WEBGL_lose_context').loseContext();
  const copy = await new Copier().copy(frame);
  const shown = paster.draw(frame, copy, places.map(({field, ...place}) => ({...place, field: fields[field]})));
  frame.close();
  if (!shown) return null;
  const out = new Uint8Array(shown.allocationSize());
  await shown.copyTo(out);
  const found = {format: shown.format, timestamp: shown.timestamp, duration: shown.duration};
  shown.close();
  paster.close();
  return {...found, planes: toText(format === 'NV12' ? separate(out, luma) : out)};
}

/** The WebGL contexts that are created from now on. */
function watchContexts() {
  const made = [];
  const get = OffscreenCanvas.prototype.getContext;
  OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
    const context = get.call(this, kind, ...rest);
    if (kind === 'webgl2') made.push(context);
    return context;
  };
  return made;
}
