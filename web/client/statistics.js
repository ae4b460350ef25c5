/** The figures of a call from what the relay, this browser and the connection tell. Knows nothing of the page. */

import {MergedStats} from './merged-stats.js';
import {emptyStats, statsOf} from './summary.js';

/** How fast a round trip's figure follows; single ones jump about. */
const SMOOTHING = 0.15;

export class Statistics {
  #mergedStats = new MergedStats();
  /** Of the newest connection. */
  current = emptyStats();

  /** A message to the relay and back took so long. */
  addRoundTrip(/** @type {number} */ milliseconds) {
    const before = this.current.trip_ms ?? milliseconds;
    this.current = {...this.current, trip_ms: before + SMOOTHING * (milliseconds - before)};
  }

  /**
   * The relay has told its statistics.
   * @param {import('../page/stats.js').Stats} relayStats
   * @param {import('./merged-stats.js').LocalStats | undefined} localStats where this browser warps
   * @param {Promise<import('./connection/gauge.js').Load | undefined> | undefined} measured what the connection has carried
   * @returns {Promise<boolean>} false where that connection has ended meanwhile
   */
  async add(relayStats, localStats, measured) {
    const mergedStats = this.#mergedStats;
    const {stats, finding} = mergedStats.add(relayStats, localStats);
    const load = await measured?.catch(() => undefined);
    if (mergedStats !== this.#mergedStats) return false;
    this.current = statsOf(stats, finding, load, this.current);
    return true;
  }

  /** The connection has ended. */
  reset() {
    this.#mergedStats = new MergedStats();
    this.current = emptyStats();
  }
}
