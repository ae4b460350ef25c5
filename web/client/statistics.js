/** The figures of a call from what the relay, this browser and the connection tell. Knows nothing of the page. */

import {MergedStats} from './merged-stats.js';
import {nothingYet, statsOf} from './summary.js';

/** How fast a round trip's figure follows; single ones jump about. */
const EASE = 0.15;

export class Statistics {
  #mergedStats = new MergedStats();
  /** Of the newest connection. */
  figures = nothingYet();

  /** A message to the relay and back took so long. */
  trip(/** @type {number} */ milliseconds) {
    const before = this.figures.trip_ms ?? milliseconds;
    this.figures = {...this.figures, trip_ms: before + EASE * (milliseconds - before)};
  }

  /**
   * The relay has told its statistics.
   * @param {import('../page/stats.js').Stats} told
   * @param {import('./merged-stats.js').Own | undefined} own where this browser warps
   * @param {Promise<import('./connection/gauge.js').Load | undefined> | undefined} measured what the connection has carried
   * @returns {Promise<boolean>} false where that connection has ended meanwhile
   */
  async add(told, own, measured) {
    const account = this.#mergedStats;
    const {stats, finding} = account.add(told, own);
    const load = await measured?.catch(() => undefined);
    if (account !== this.#mergedStats) return false;
    this.figures = statsOf(stats, finding, load, this.figures);
    return true;
  }

  /** The connection has ended. */
  forget() {
    this.#mergedStats = new MergedStats();
    this.figures = nothingYet();
  }
}
