/**
 * A connection's bitrates and the latency of its video, computed from two successive readings of the browser's own
 * statistics. Knows nothing of sessions or of the page.
 *
 * @typedef {{up: number, down: number, way: number | null}} Load up, down: megabits per second in total;
 *   way: milliseconds from camera to screen without the relay's processing, null if no video is returned
 */

/** @typedef {Record<string, number>} Totals */

export class Gauge {
  #connection;
  /** @type {Totals | undefined} */
  #earlier;

  constructor(/** @type {RTCPeerConnection} */ connection) {
    this.#connection = connection;
  }

  /** The load since the last reading; undefined at the first one. @returns {Promise<Load | undefined>} */
  async read() {
    const later = sum(await this.#connection.getStats());
    const earlier = this.#earlier;
    this.#earlier = later;
    return earlier && later.at > earlier.at ? compare(earlier, later) : undefined;
  }
}

/** @param {Totals} earlier @param {Totals} later @returns {Load} */
function compare(earlier, later) {
  const grown = (/** @type {string} */ name) => later[name] - earlier[name];
  const megabits = (/** @type {string} */ name) => 8 * grown(name) / grown('at') / 1000;
  /** Mean per item, milliseconds. @param {string} seconds @param {string} count */
  const each = (seconds, count) => grown(count) > 0 ? 1000 * grown(seconds) / grown(count) : 0;
  const back = each('shown', 'decoded');
  const way = each('encoding', 'encoded') + each('queued', 'packets') + later.trip + back;
  return {up: megabits('sent'), down: megabits('received'), way: grown('decoded') > 0 ? way : null};
}

/** Totals since the beginning; times in seconds but for `at` and `trip`, milliseconds. @returns {Totals} */
function sum(/** @type {RTCStatsReport} */ report) {
  const totals = {
    at: 0, sent: 0, received: 0, trip: 0, encoding: 0, encoded: 0, queued: 0, packets: 0, shown: 0, decoded: 0,
  };
  for (const one of report.values()) {
    if (one.type === 'transport') {
      totals.at = one.timestamp;
      totals.sent += one.bytesSent;
      totals.received += one.bytesReceived;
    } else if (one.type === 'candidate-pair' && one.nominated) {
      totals.trip = 1000 * (one.currentRoundTripTime ?? 0);
    } else if (one.type === 'outbound-rtp' && one.kind === 'video') {
      totals.encoding += one.totalEncodeTime ?? 0;
      totals.encoded += one.framesEncoded ?? 0;
      totals.queued += one.totalPacketSendDelay ?? 0;
      totals.packets += one.packetsSent ?? 0;
    } else if (one.type === 'inbound-rtp' && one.kind === 'video') {
      totals.shown += one.totalProcessingDelay ?? 0;
      totals.decoded += one.framesDecoded ?? 0;
    }
  }
  return totals;
}
