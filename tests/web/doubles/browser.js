/** Doubles of the browser APIs that the client library uses, without pixels. Imported before the library. */

export class Track extends EventTarget {
  readyState = 'live';
  muted = false;

  constructor(kind = 'video', settings = {width: 320, height: 240}) {
    super();
    this.kind = kind;
    this.settings = settings;
  }

  getSettings() { return this.settings; }
  applyConstraints() { return Promise.resolve(); }
  clone() { return new Track(this.kind, this.settings); }
  stop() { this.readyState = 'ended'; }

  /** The device has ended. */
  end() {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }

  mute(muted) {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  }
}

export class Stream {
  constructor(tracks = []) { this.tracks = [...tracks]; }
  addTrack(track) { if (!this.tracks.includes(track)) this.tracks.push(track); }
  removeTrack(track) { this.tracks = this.tracks.filter((one) => one !== track); }
  getTracks() { return [...this.tracks]; }
  getVideoTracks() { return this.tracks.filter(({kind}) => kind === 'video'); }
  getAudioTracks() { return this.tracks.filter(({kind}) => kind === 'audio'); }
}

/** A worker that records its messages, and sends those of a test. */
export class ScriptedWorker extends EventTarget {
  static all = [];
  messages = [];
  ended = false;

  constructor(address, {name} = {}) {
    super();
    Object.assign(this, {address: String(address), name});
    ScriptedWorker.all.push(this);
  }

  postMessage(message) { this.messages.push(message); }
  terminate() { this.ended = true; }
  emit(data) { this.onmessage?.({data}); }
  fail() { this.onerror?.(new Event('error', {cancelable: true})); }

  static get latest() { return ScriptedWorker.all.at(-1); }
}

class Generator extends Track {
  writable = new WritableStream();
}

class Processor {
  readable = new ReadableStream();
}

class Offscreen {
  getContext() { return {getExtension: () => null}; }
}

const beacons = [];

/** Beacons sent by pages during unload. */
export {beacons};

const globals = {
  window: new EventTarget(),
  document: Object.assign(new EventTarget(), {hidden: false, baseURI: 'https://meeting.test/'}),
  location: {origin: 'https://meeting.test'},
  navigator: {sendBeacon: (address) => beacons.push(String(address))},
  MediaStream: Stream,
  MediaStreamTrack: Track,
  MediaStreamTrackGenerator: Generator,
  MediaStreamTrackProcessor: Processor,
  OffscreenCanvas: Offscreen,
  Worker: ScriptedWorker,
};
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, {value, writable: true, configurable: true});
}
