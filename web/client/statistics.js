/** Statistics of a call, from the relay, this browser and the connection. Knows nothing of the page. */

import {MergedStats} from './merged-stats.js';
import {emptyStats, statsOf} from './summary.js';

/** Weight of a new round trip time in the exponential average. */
const SMOOTHING = 0.15;

export class Statistics {
  #mergedStats = new MergedStats();
  /** Statistics of the newest connection. */
  current = emptyStats();

  /** Adds a measured round trip time. */
  addRoundTrip(/** @type {number} */ milliseconds) {
    const before = this.current.trip_ms ?? milliseconds;
    this.current = {...this.current, trip_ms: before + SMOOTHING * (milliseconds - before)};
  }

  /**
   * Adds the relay's statistics.
   * @param {import('../page/stats.js').Stats} relayStats
   * @param {import('./merged-stats.js').LocalStats | undefined} localStats if this browser warps
   * @param {Promise<import('./connection/gauge.js').Load | undefined> | undefined} measured the connection's load
   * @returns {Promise<boolean>} false if the connection has ended meanwhile
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
