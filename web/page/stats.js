/** Shows the live statistics. Knows nothing of their source but the shape of the relay's `stats` message. */

import {explain} from '../client/gaze.js';

/**
 * @typedef {{p50: number, p95: number}} Spread
 * @typedef {{
 *   width: number, height: number, fps_in: number, fps_out: number, faces: number, pipeline: string,
 *   frames: {in: number, out: number, dropped: number, corrected: number, passed: Record<string, number>},
 *   delay_ms: Spread | null, stages_ms: Record<string, Spread>, age_frames: Record<string, Spread>,
 * }} Stats
 */

const NONE = '–';

/** @type {Record<string, string>} */
const STAGES = {landmarks: 'Find the eyes', field: 'Plan the turn', warp: 'Turn the eyes'};

export class StatsPanel {
  #box;

  constructor(/** @type {HTMLElement} */ box) {
    this.#box = box;
  }

  /**
   * @param {import('../eyeline.d.ts').Stats} stats
   */
  show(stats) {
    this.#setText('rate', `${stats.fps_in.toFixed(0)} → ${stats.fps_out.toFixed(0)}`);
    this.#setText('trip', stats.trip_ms === null ? NONE : stats.trip_ms.toFixed(0));
    this.#setText('delay', stats.delay_ms ? stats.delay_ms.p50.toFixed(1) : NONE);
    this.#setText('share', (100 * stats.share).toFixed(0));
    this.#setText('faces', String(stats.faces));
    this.#setText('stages', Object.keys(STAGES).map((stage) => brief(stats.stages_ms[stage]?.p50)).join(' · '));
    this.#fillTable('stages', Object.entries(stats.stages_ms).map(([stage, time]) => [
      STAGES[stage] ?? stage, one(time?.p50), one(time?.p95), ageOf(stats.age_frames[stage])]));
    this.#fillTable('frames', frameRows(stats));
  }

  /** Without a relay no values are known. */
  clear() {
    for (const place of this.#box.querySelectorAll('[data-figure]')) place.textContent = NONE;
    this.#fillTable('stages', []);
    this.#fillTable('frames', []);
  }

  #setText(/** @type {string} */ name, /** @type {string} */ text) {
    const place = this.#box.querySelector(`[data-figure="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }

  #fillTable(/** @type {string} */ id, /** @type {string[][]} */ rows) {
    const body = /** @type {HTMLTableSectionElement} */ (this.#box.querySelector(`#${id}`));
    body.replaceChildren(...rows.map(rowOf));
  }
}

/** @param {Stats} stats */
function frameRows({frames, width, height, pipeline}) {
  const count = (/** @type {number} */ number) => number.toLocaleString('en');
  const passed = Object.entries(frames.passed).sort(([, a], [, b]) => b - a);
  return [
    ['Picture', `${width} × ${height}, ${pipeline}`],
    ['In, out, dropped', [frames.in, frames.out, frames.dropped].map(count).join(', ')],
    ['Corrected', count(frames.corrected)],
    ...passed.map(([verdict, number]) => [`Passed: ${explain(verdict)}`, count(number)]),
  ];
}

function rowOf(/** @type {string[]} */ [head, ...cells]) {
  const row = document.createElement('tr');
  const heading = document.createElement('th');
  heading.scope = 'row';
  heading.textContent = head;
  row.append(heading, ...cells.map((text) => Object.assign(document.createElement('td'), {textContent: text})));
  return row;
}

const one = (/** @type {number | undefined} */ value) => value === undefined ? NONE : value.toFixed(1);
const brief = (/** @type {number | undefined} */ value) => value === undefined ? NONE : value.toFixed(value < 10 ? 1 : 0);
const ageOf = (/** @type {Spread | undefined} */ age) => age ? `${age.p50.toFixed(0)}–${age.p95.toFixed(0)}` : NONE;
