/** Doubles of workers, tracks and frame streams, installed as the browser's own. */

/** A worker that records its messages; `emit` sends a message of it, `fail` an error. */
export class ScriptedWorker extends EventTarget {
  /** @type {ScriptedWorker[]} */
  static started = [];
  /** Each message received, with what was transferred. */
  received = [];
  terminated = false;
  onmessage = null;
  onerror = null;

  constructor(address, options) {
    super();
    Object.assign(this, {address: String(address), options});
    ScriptedWorker.started.push(this);
  }

  postMessage(data, transfer = []) {
    this.received.push({data, transfer});
  }

  terminate() {
    this.terminated = true;
  }

  emit(data) {
    const event = new MessageEvent('message', {data});
    this.onmessage?.(event);
    this.dispatchEvent(event);
  }

  fail() {
    const event = new Event('error', {cancelable: true});
    this.onerror?.(event);
    return event;
  }

  /** The messages received, without transfer lists. */
  get messages() {
    return this.received.map(({data}) => data);
  }
}

export class ScriptedTrack extends EventTarget {
  kind = 'video';
  readyState = 'live';
  constraints = [];

  constructor({width = 1280, height = 720, shares = false, ...rest} = {}) {
    super();
    Object.assign(this, {size: {width, height}, shares, copies: []}, rest);
  }

  clone() {
    const copy = new ScriptedTrack({...this.size, shares: this.shares});
    copy.of = this;
    this.copies.push(copy);
    return copy;
  }

  getSettings() {
    return {...this.size};
  }

  /** Where tracks of one camera share their size (`shares`), the original gets it too. */
  async applyConstraints(wanted) {
    this.constraints.push(wanted);
    for (const one of this.shares ? [this, this.of, ...this.copies] : [this]) {
      if (one) one.size = {width: wanted.width, height: wanted.height};
    }
  }

  stop() {
    this.readyState = 'ended';
  }
}

/** Installs what local warping needs. */
export function install() {
  ScriptedWorker.started = [];
  globalThis.Worker = ScriptedWorker;
  globalThis.location = {origin: new URL(import.meta.url).origin};
  globalThis.MediaStreamTrackGenerator = class extends ScriptedTrack {
    writable = {generator: this};
  };
  globalThis.MediaStreamTrackProcessor = class {
    constructor({track, maxBufferSize}) { this.readable = {track, maxBufferSize}; }
  };
}
