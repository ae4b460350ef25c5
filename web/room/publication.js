/** Publishes the own tracks in the room, by a Janus handle. Knows nothing of their content, or of the page. */

/**
 * @typedef {{video: MediaStreamTrack, audio: MediaStreamTrack | null}} Offering
 */

/** Timeout for the event that Janus has closed a connection. */
const HANGUP_MS = 1000;

/** Fires no events itself: its handle fires `hangup` when the connection is lost. */
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
   * Publishes the tracks. Raises JanusError.
   * @param {Offering} offering
   * @param {() => string} display called at the last moment: the name may change meanwhile
   */
  async publish({video, audio}, display) {
    this.#senders.video = this.#connection.addTransceiver(video, {direction: 'sendonly'}).sender;
    // Without a microphone the offer still has an audio section, so that a track can be added later.
    this.#senders.audio = this.#connection.addTransceiver(audio ?? 'audio', {direction: 'sendonly'}).sender;
    await this.#connection.setLocalDescription();
    const request = {request: 'publish', display: display()};
    const {jsep} = await this.#handle.request(request, this.#connection.localDescription);
    if (jsep) await this.#connection.setRemoteDescription(jsep);
    await this.#keepResolution();
  }

  /** Replaces the tracks. @param {Offering} offering */
  async replace(offering) {
    await this.#senders.video?.replaceTrack(offering.video);
    await this.#senders.audio?.replaceTrack(offering.audio);
  }

  /** Unpublishes; resolves when the handle is free for another publication. */
  async close() {
    const free = new Promise((resolve) => {
      this.#handle.addEventListener('hangup', resolve, {once: true});
      setTimeout(resolve, HANGUP_MS);
    });
    await this.#handle.request({request: 'unpublish'}).catch(() => {});
    this.#connection.close();
    await free;
  }

  /** Under congestion reduce the frame rate, not the resolution: small eyes show no eye contact. */
  async #keepResolution() {
    const parameters = this.#senders.video.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await this.#senders.video.setParameters(parameters).catch(() => {}); // not supported: the browser keeps its default
  }
}
