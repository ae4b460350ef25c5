// A fake relay inside the page, for the tests of the local path: it receives what the browser sends, reads the number
// on each frame, and answers with the packets made for that number. Needs stamp.js.

import {Local} from '/warp/local.js';

const ANSWER_MS = 20; // from a frame's arrival to its packets
const [COUNT, RTP] = [4, 12]; // offsets in a packet, bytes

/** @param {string} text base64 */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Resolves when the condition is true; rejects after TIMEOUT_MS. */
export async function until(condition) {
  const end = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The fake camera at 15 frames a second, in the size of its clip. */
async function openCamera([width, height]) {
  const video = {width: {ideal: width}, height: {ideal: height}, frameRate: {ideal: 15}};
  const stream = await navigator.mediaDevices.getUserMedia({video});
  return stream.getVideoTracks()[0];
}

/** Calls act(frame, moment) with each frame of the track until it ends, and closes the frame. */
export async function watch(track, act) {
  const reader = new MediaStreamTrackProcessor({track, maxBufferSize: 20}).readable.getReader();
  for (;;) {
    const {value: frame, done} = await reader.read();
    if (done) return;
    const at = performance.now();
    await act(frame, at);
    frame.close();
  }
}

/** The entry of [timestamp, ...] with this time: each track rounds its timestamps, to 0.1 ms. */
export const nearest = (list, time) => list.find(([other]) => Math.abs(other - time) < 1000);

/** The luma of a frame, rows without gaps; of an RGB frame, green. */
export async function lumaOf(frame) {
  const data = new Uint8Array(frame.allocationSize());
  const [{offset}] = await frame.copyTo(data);
  const size = frame.codedWidth * frame.codedHeight;
  if (!/^(RGB|BGR)/.test(frame.format)) return data.subarray(offset, offset + size);
  const green = new Uint8Array(size);
  for (let at = 0; at < size; at++) green[at] = data[4 * at + 1];
  return green;
}

/** The number on a frame, from its luma; see stamp.py. */
export function numberOn(luma, width, height) {
  let number = 0;
  for (let bit = 0; bit < 16; bit++) {
    const at = (row) => luma[Math.floor(row * height / 15) * width + Math.floor((bit + 0.5) * width / 16)];
    number = 2 * number + (at(0.25) > at(0.75) ? 1 : 0);
  }
  return number;
}

/** Answers to one Local. */
export class FakeRelay {
  /** Whether it answers. */
  answers = true;
  /** Sizes of the received frames. */
  sizes = [];
  #count = 0;

  /** @param {{landmarks: string[], fields: string}} packets base64; landmarks by frame number */
  constructor(packets) {
    this.landmarks = packets.landmarks.map(bytes);
    this.fields = bytes(packets.fields);
  }

  /** Connects within the page. */
  async connect(local) {
    const [near, far] = this.peers = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = ({candidate}) => far.addIceCandidate(candidate);
    far.onicecandidate = ({candidate}) => near.addIceCandidate(candidate);
    this.sender = near.addTransceiver(local.upload, {direction: 'sendonly'}).sender;
    far.ontrack = ({track}) => this.#receive(track, local);
    local.prepareSender(this.sender);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
  }

  close() {
    for (const peer of this.peers) peer.close();
  }

  /** Only a video element gives a received frame's RTP timestamp. */
  #receive(track, local) {
    const video = Object.assign(document.createElement('video'), {muted: true, srcObject: new MediaStream([track])});
    video.play();
    const next = (_, {rtpTimestamp, width, height}) => {
      video.requestVideoFrameCallback(next);
      const number = readNumber(video);
      this.sizes.push([width, height]);
      if (number !== null) setTimeout(() => this.answers && this.#answer(local, rtpTimestamp, number), ANSWER_MS);
    };
    video.requestVideoFrameCallback(next);
  }

  #answer(local, rtp, number) {
    for (const packet of [this.landmarks[number % this.landmarks.length], this.fields]) {
      const copy = packet.slice().buffer;
      const view = new DataView(copy);
      view.setUint32(RTP, rtp, true);
      view.setUint16(COUNT, this.#count & 0xffff, true);
      local.receive(copy);
    }
    this.#count += 1;
  }
}

/** A Local with the camera in this size, and with a relay if there are packets for it. */
export async function begin({size = [320, 240], packets, ...options} = {}) {
  const camera = await openCamera(size);
  const local = new Local(camera, options);
  const relay = packets && new FakeRelay(packets);
  await relay?.connect(local);
  return {camera, local, relay, end: () => { local.stop(); relay?.close(); camera.stop(); }};
}

/** How many frames have been corrected. */
export const corrected = (local) => local.stats().frames.corrected;

export {Local};
