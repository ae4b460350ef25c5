/**
 * What has arrived according to a connection's own statistics, whether or not a frame was made of it. On a slow machine
 * packets arrive long before a frame is decoded from them. Knows nothing of sessions or of the page.
 *
 * @typedef {{bytes: boolean, video: boolean}} Activity since the last reading: bytes: anything has arrived;
 *   video: packets or decoded frames of video have
 */

export class Liveness {
  #connection;
  #bytes = 0;
  #video = 0;

  constructor(/** @type {Pick<RTCPeerConnection, 'getStats'>} */ connection) {
    this.#connection = connection;
  }

  /** @returns {Promise<Activity>} */
  async read() {
    const {bytes, video} = sum(await this.#connection.getStats());
    const activity = {bytes: bytes > this.#bytes, video: video > this.#video};
    [this.#bytes, this.#video] = [bytes, video];
    return activity;
  }
}

/** Browsers count bytes in different reports; it is enough that one count grows. */
function sum(/** @type {RTCStatsReport} */ report) {
  const totals = {bytes: 0, video: 0};
  for (const one of report.values()) {
    if (['transport', 'candidate-pair', 'inbound-rtp'].includes(one.type)) totals.bytes += one.bytesReceived ?? 0;
    if (one.type !== 'inbound-rtp' || one.kind !== 'video') continue;
    totals.video += (one.packetsReceived ?? 0) + (one.framesDecoded ?? 0);
  }
  return totals;
}
