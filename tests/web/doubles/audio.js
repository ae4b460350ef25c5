/** A double of Web Audio: which gains are open, and what an element plays. Imported before the library. */

import {Stream, Track} from './browser.js';

export class Context {
  static allowed = true;
  static all = [];
  state = Context.allowed ? 'running' : 'suspended';
  currentTime = 0;
  sources = [];

  constructor() { Context.all.push(this); }
  async resume() { if (Context.allowed) this.state = 'running'; }
  async close() { this.state = 'closed'; }
  createMediaStreamDestination() { return {stream: new Stream([new Track('audio')])}; }

  createMediaStreamSource(stream) {
    const source = {stream, connect: (gain) => { source.gain = gain; }, disconnect: () => { source.gain = undefined; }};
    this.sources.push(source);
    return source;
  }

  /** The tracks whose gain is open. */
  get audible() {
    return this.sources.filter(({gain}) => gain?.level).flatMap(({stream}) => stream.getTracks());
  }
}

class Gain {
  level = 0;
  gain = {setTargetAtTime: (level) => { this.level = level; }};
  connect() {}
}

export class Element {
  static all = [];
  srcObject = null;
  constructor() { Element.all.push(this); }
  async play() {}
}

Object.assign(globalThis, {AudioContext: Context, GainNode: Gain, Audio: Element});
