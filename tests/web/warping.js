/** The part of test_warp.py that runs in the browser, in a page or in a worker. */

import {Warper} from '/warp/drawing/warp.js';
import {decode} from '/warp/wire.js';

/** The warper of all tests that need none of their own. */
const canvas = new OffscreenCanvas(1, 1);
const warper = new Warper(canvas);

/** A frame warped by its fields: RGBA, base64; null where it was not drawn. */
export function draw({frame, packet, places}) {
  return drawFrame(warper, frame, placedOf(packet, places)) ? pixelsOf(canvas) : null;
}

/** planes: Y, U and V, one after the other, base64. */
export function drawFrame(warper, {width, height, planes}, placed) {
  const colorSpace = {matrix: 'smpte170m', primaries: 'bt709', transfer: 'bt709', fullRange: false};
  const layout = {format: 'I420', codedWidth: width, codedHeight: height, timestamp: 0, colorSpace};
  const frame = new VideoFrame(bytesOf(planes), layout);
  const drawn = warper.draw(frame, width, height, placed);
  frame.close();
  return drawn;
}

/** places: each with the number of its field in the packet, right and left of the first face, of the second... */
export function placedOf(packet, places) {
  const fields = packet ? decode(bytesOf(packet).buffer).faces.flatMap(({right, left}) => [right, left]) : [];
  return places.map((place) => ({...place, field: fields[place.field]}));
}

export function pixelsOf(canvas) {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

if (globalThis.WorkerGlobalScope) self.onmessage = ({data}) => self.postMessage(draw(data));
