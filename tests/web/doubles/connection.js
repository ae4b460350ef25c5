/** An RTCPeerConnection without a network, controlled by a test. */

import {Track} from './browser.js';

class Channel extends EventTarget {
  readyState = 'connecting';
  sent = [];

  constructor(label, options) {
    super();
    Object.assign(this, {label, options});
  }

  send(text) {
    this.sent.push(JSON.parse(text));
    this.onsent?.(this.sent.at(-1));
  }

  open() {
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }

  receive(message) {
    this.onmessage?.({data: message instanceof ArrayBuffer ? message : JSON.stringify(message)});
  }

  close() {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.();
  }
}

class Sender {
  constructor(track) { this.track = track; }
  async replaceTrack(track) { this.track = track; }
  getParameters() { return {encodings: [{}]}; }
  async setParameters(parameters) { this.parameters = parameters; }
}

export class ScriptedConnection extends EventTarget {
  static all = [];
  /** Whether candidates are gathered at once. */
  static quick = true;

  connectionState = 'new';
  iceConnectionState = 'new';
  iceGatheringState = 'new';
  localDescription = null;
  channels = [];
  transceivers = [];
  counts = {bytes: 0, packets: 0, frames: 0};

  constructor(configuration) {
    super();
    this.configuration = configuration;
    ScriptedConnection.all.push(this);
  }

  static get latest() { return ScriptedConnection.all.at(-1); }

  createDataChannel(label, options) {
    const channel = new Channel(label, options);
    this.channels.push(channel);
    return channel;
  }

  channel(label) { return this.channels.find((one) => one.label === label); }
  addTrack(track) { return this.addTransceiver(track).sender; }
  getSenders() { return this.transceivers.map(({sender}) => sender); }
  getTransceivers() { return this.transceivers; }

  addTransceiver(track) {
    const line = {sender: new Sender(track), receiver: {track: new Track(track.kind)}};
    this.transceivers.push(line);
    return line;
  }

  async setLocalDescription() {
    this.#requireOpen();
    this.localDescription = {sdp: 'v=0'};
    if (ScriptedConnection.quick) this.gather({complete: true});
  }

  async setRemoteDescription(answer) {
    this.#requireOpen();
    this.remote = answer;
    this.onanswered?.();
  }

  async getStats() {
    const {bytes, packets, frames} = this.counts;
    return new Map([
      ['T', {type: 'transport', bytesReceived: bytes, timestamp: performance.now()}],
      ['V', {type: 'inbound-rtp', kind: 'video', packetsReceived: packets, framesDecoded: frames}],
    ]);
  }

  close() {
    this.connectionState = 'closed';
    for (const channel of this.channels) channel.readyState = 'closed';
  }

  /** Candidates have been found. */
  gather({complete = false} = {}) {
    this.localDescription = {sdp: 'v=0\r\na=candidate:1'};
    if (!complete) return;
    this.iceGatheringState = 'complete';
    this.dispatchEvent(new Event('icegatheringstatechange'));
  }

  /** The connection's state changes. */
  enter(state) {
    [this.connectionState, this.iceConnectionState] = [state, state];
    this.dispatchEvent(new Event('iceconnectionstatechange'));
    this.onconnectionstatechange?.();
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  /** The connection is established and its channels open. */
  connect() {
    this.enter('connected');
    for (const channel of this.channels) channel.open();
  }

  #requireOpen() {
    if (this.connectionState === 'closed') throw new DOMException('closed', 'InvalidStateError');
  }
}

globalThis.RTCPeerConnection = ScriptedConnection;
