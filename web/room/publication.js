/** One's own picture and sound, on their way into the room. Knows nothing of what they show, or of the page. */

/**
 * @typedef {{video: MediaStreamTrack, audio: MediaStreamTrack | null}} Offering
 */

/** Janus says when it has let go of a connection; this long it is waited for. */
const HANGUP_MS = 1000;

/** Fires nothing: its handle does, when the connection is gone. */
export class Publication {
  #handle;
  #connection;
  /** @type {Record<string, RTCRtpSender>} */
  #senders = {};

  /** @param {import('./janus.js').Handle} handle that has joined @param {RTCIceServer[]} iceServers */
  constructor(handle, iceServers) {
    this.#handle = handle;
    this.#connection = handle.connect(iceServers);
  }

  /**
   * Offers the tracks. Raises JanusError.
   * @param {Offering} offering
   * @param {() => string} display asked for at the last moment: the name may change meanwhile
   */
  async begin({video, audio}, display) {
    this.#senders.video = this.#connection.addTransceiver(video, {direction: 'sendonly'}).sender;
    // Also without a microphone there is a line for one, so that it can come later.
    this.#senders.audio = this.#connection.addTransceiver(audio ?? 'audio', {direction: 'sendonly'}).sender;
    await this.#connection.setLocalDescription();
    const {jsep} = await this.#handle.ask({request: 'publish', display: display()}, this.#connection.localDescription);
    if (jsep) await this.#connection.setRemoteDescription(jsep);
    await this.#keepResolution();
  }

  /** Sends these from now on. @param {Offering} offering */
  async replace(offering) {
    await this.#senders.video?.replaceTrack(offering.video);
    await this.#senders.audio?.replaceTrack(offering.audio);
  }

  /** Leaves the room nothing to show; resolves when the handle is free for another publication. */
  async end() {
    const free = new Promise((resolve) => {
      this.#handle.addEventListener('hangup', resolve, {once: true});
      setTimeout(resolve, HANGUP_MS);
    });
    await this.#handle.ask({request: 'unpublish'}).catch(() => {});
    this.#connection.close();
    await free;
  }

  /** A shortage is to cost frames, not size: small eyes look at nobody. */
  async #keepResolution() {
    const parameters = this.#senders.video.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await this.#senders.video.setParameters(parameters).catch(() => {}); // a browser without it keeps its own habit
  }
}
