/**
 * Where to warp: what it costs at the relay and in this browser, side by side; live for the place in use, the last
 * known values for the other one. Knows nothing of how they are measured.
 *
 * @typedef {'relay' | 'here'} Place
 * @typedef {{fps: number, delay: number | null, about: boolean, up: number, down: number, share: number}} Cost
 *   delay: milliseconds by which the shown frames are behind the camera's own; about: that is an estimate; up, down:
 *   megabits a second; share: of corrected frames, 0..1
 */

const NONE = '–';

/** @type {[string, (cost: Cost) => string][]} */
const ROWS = [
  ['Frames a second', ({fps}) => fps.toFixed(0)],
  ['Delay, ms', ({delay, about}) => delay === null ? NONE : (about ? '≈ ' : '') + delay.toFixed(0)],
  ['Delay, frames', ({delay, about, fps}) => delay === null ? NONE : (about ? '≈ ' : '') + (delay * fps / 1000).toFixed(1)],
  ['Sent, Mbit/s', ({up}) => up.toFixed(2)],
  ['Received, Mbit/s', ({down}) => down.toFixed(2)],
  ['Frames corrected, %', ({share}) => (100 * share).toFixed(0)],
];

/**
 * What the place in use costs, from its statistics.
 * @param {import('../eyeline.d.ts').Stats} stats
 * @returns {Cost}
 */
export function costOf({fps_out, delay_ms, share, up_mbps, down_mbps, way_ms}) {
  const delay = delay_ms && delay_ms.p50 + (way_ms ?? 0);
  return {fps: fps_out, delay, about: way_ms !== null, up: up_mbps ?? 0, down: down_mbps ?? 0, share};
}

export class Places {
  #columns;

  /** @param {HTMLTableElement} table with a head that has a column for each place, and an empty body */
  constructor(table) {
    const body = table.tBodies[0];
    const rows = ROWS.map(([name]) => addRow(body, name));
    const columnOf = (/** @type {Place} */ place, /** @type {number} */ index) => ({
      place, cells: [...table.querySelectorAll(`thead [data-place="${place}"]`), ...rows.map((row) => row.cells[index])],
    });
    this.#columns = [columnOf('relay', 1), columnOf('here', 2)];
    this.setActive();
  }

  /** Shows what the place in use costs now. @param {Place} place @param {Cost} cost */
  show(place, cost) {
    this.setActive(place);
    const cells = this.#columns.find((column) => column.place === place)?.cells.slice(1) ?? [];
    cells.forEach((cell, index) => { cell.textContent = ROWS[index][1](cost); });
  }

  /** Marks the values of all places but this one as not live. @param {Place} [active] */
  setActive(active) {
    for (const {place, cells} of this.#columns) for (const cell of cells) cell.classList.toggle('idle', place !== active);
  }
}

function addRow(/** @type {HTMLTableSectionElement} */ body, /** @type {string} */ name) {
  const row = body.insertRow();
  row.append(Object.assign(document.createElement('th'), {scope: 'row', textContent: name}));
  for (let column = 0; column < 2; column++) row.insertCell().textContent = NONE;
  return row;
}
