/** Doubles of tracks, streams, and connections whose SDP is a list of `kind:track`. */

export class ScriptedTrack extends EventTarget {
  enabled = true;
  readyState = 'live';

  constructor(kind, label = kind) {
    super();
    Object.assign(this, {kind, label});
  }

  stop() {
    this.readyState = 'ended';
  }

  /** The device is lost: unlike stop(), this fires `ended`. */
  lose() {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

export class ScriptedStream {
  #tracks;

  constructor(tracks = []) {
    this.#tracks = [...tracks];
  }

  getTracks() { return [...this.#tracks]; }
  getVideoTracks() { return this.#tracks.filter(({kind}) => kind === 'video'); }
  getAudioTracks() { return this.#tracks.filter(({kind}) => kind === 'audio'); }
  addTrack(track) { this.#tracks.push(track); }
  removeTrack(track) { this.#tracks = this.#tracks.filter((one) => one !== track); }
}

export class ScriptedPeer {
  /** All instances, in order. @type {ScriptedPeer[]} */
  static made = [];
  connectionState = 'new';
  localDescription = null;
  remoteDescription = null;
  senders = [];
  #receivers = [];

  constructor(configuration) {
    this.configuration = configuration;
    ScriptedPeer.made.push(this);
  }

  addTransceiver(what, {direction}) {
    const track = typeof what === 'string' ? null : what;
    const sender = {
      track, direction, kind: track?.kind ?? what, parameters: {},
      replaceTrack: async (other) => { sender.track = other; },
      getParameters: () => ({...sender.parameters}),
      setParameters: async (parameters) => { sender.parameters = parameters; },
    };
    this.senders.push(sender);
    return {sender};
  }

  async setLocalDescription() {
    const type = this.remoteDescription?.type === 'offer' ? 'answer' : 'offer';
    const sdp = this.senders.map(({kind, track}) => `${kind}:${track?.label ?? ''}`).join(' ');
    this.localDescription = {type, sdp};
  }

  async setRemoteDescription(description) {
    if (this.connectionState === 'closed') throw new Error('InvalidStateError');
    this.remoteDescription = description;
    if (description.type !== 'offer') return;
    for (const [kind, label] of description.sdp.split(' ').map((line) => line.split(':'))) {
      const track = new ScriptedTrack(kind, label);
      this.#receivers.push({track, getStats: async () => new Map([['in', {type: 'inbound-rtp', audioLevel: this.level}]])});
      this.ontrack?.({track});
    }
  }

  getReceivers() {
    return this.#receivers;
  }

  /** The connection fails. */
  fail() {
    this.connectionState = 'failed';
    this.onconnectionstatechange?.();
  }

  close() {
    this.connectionState = 'closed';
  }
}

/** Installs these as the browser's own. */
export function install() {
  ScriptedPeer.made = [];
  Object.assign(globalThis, {RTCPeerConnection: ScriptedPeer, MediaStream: ScriptedStream});
}
