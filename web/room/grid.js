/** The participants, as tiles that share the available space. Knows nothing of connections. */

const GAP = 10;
const MIN_WIDTH = 132; // pixels wide; if tiles would be narrower, the grid scrolls
const [MIN_RATIO, MAX_RATIO] = [1, 16 / 9];

/**
 * Columns and tile width for this many tiles of one aspect ratio, as large as possible.
 * @param {number} count
 * @param {{width: number, height: number}} space
 * @param {number} ratio width to height
 * @returns {{columns: number, width: number}}
 */
export function fit(count, {width, height}, ratio) {
  let best = {columns: 1, width: 0};
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const across = (width - GAP * (columns - 1)) / columns;
    const down = (height - GAP * (rows - 1)) / rows;
    const size = Math.floor(Math.min(across, down * ratio));
    if (size > best.width) best = {columns, width: size};
  }
  if (best.width >= MIN_WIDTH || count === 0) return best;
  const columns = Math.max(1, Math.floor((width + GAP) / (MIN_WIDTH + GAP)));
  return {columns, width: Math.floor((width - GAP * (columns - 1)) / columns)};
}

/** Arranges tiles: the own one last, the others by name, so that a participant who reconnects is in the same place. */
export class Grid {
  #list;
  /** @type {Set<Tile>} */
  #tiles = new Set();

  constructor(/** @type {HTMLElement} */ list) {
    this.#list = list;
    new ResizeObserver(() => this.arrange()).observe(list);
  }

  get tiles() {
    return [...this.#tiles];
  }

  add(/** @type {Tile} */ tile) {
    this.#tiles.add(tile);
    tile.video.addEventListener('resize', () => this.arrange());
    this.#sort();
  }

  remove(/** @type {Tile} */ tile) {
    this.#tiles.delete(tile);
    tile.element.remove();
    this.arrange();
  }

  #sort() {
    const order = this.tiles.sort((one, two) => Number(one.own) - Number(two.own) || one.name.localeCompare(two.name));
    this.#tiles = new Set(order);
    // Moving a playing video makes it flicker: only new tiles are inserted.
    order.forEach(({element}, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
    });
    this.arrange();
  }

  /** Computes the layout again, after the space or an aspect ratio has changed. */
  arrange() {
    const tiles = this.tiles.filter(({element}) => !element.hidden);
    const ratios = tiles.map(({video}) => video.videoWidth / video.videoHeight).filter(Boolean).sort((a, b) => a - b);
    const ratio = Math.min(MAX_RATIO, Math.max(MIN_RATIO, ratios[ratios.length - 1 >> 1] ?? MAX_RATIO));
    const {width} = fit(tiles.length, {width: this.#list.clientWidth, height: this.#list.clientHeight}, ratio);
    this.#list.style.setProperty('--tile', `${width}px`);
    this.#list.style.setProperty('--ratio', String(ratio));
  }
}

/** The tile of one participant. */
export class Tile {
  element = document.createElement('li');
  video = document.createElement('video');
  #label = document.createElement('b');
  #mark = document.createElement('span');
  name = '';

  /** @param {MediaStream | null} stream @param {boolean} own of this participant: mirrored and muted */
  constructor(stream, own) {
    this.own = own;
    Object.assign(this.video, {autoplay: true, playsInline: true, muted: own, srcObject: stream, disablePictureInPicture: true});
    this.element.className = own ? 'tile own' : 'tile';
    this.#mark.className = 'mark';
    this.#mark.append(eyeIcon(), 'eye contact');
    const line = document.createElement('p');
    line.append(this.#label, this.#mark);
    this.element.append(this.video, line);
  }

  show(/** @type {{name: string, corrected: boolean}} */ {name, corrected}) {
    this.name = name;
    this.#label.textContent = this.own ? `${name} (you)` : name;
    this.#mark.hidden = !corrected;
    this.element.dataset.name = name;
    this.element.dataset.corrected = String(corrected);
    this.video.setAttribute('aria-label', this.own ? 'Your picture' : `${name}’s picture`);
  }

  /** Shows and unmutes the tile, or hides and mutes it. */
  setVisible(/** @type {boolean} */ visible) {
    this.element.hidden = !visible;
    this.video.muted = this.own || !visible;
  }

  setSpeaking(/** @type {boolean} */ speaks) {
    this.element.dataset.speaks = String(speaks);
  }
}

function eyeIcon() {
  const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  drawing.setAttribute('viewBox', '0 0 32 20');
  drawing.setAttribute('aria-hidden', 'true');
  const lid = document.createElementNS(drawing.namespaceURI, 'path');
  lid.setAttribute('d', 'M1 10h3.500C8 4.500 11.800 2 16 2s8 2.500 11.500 8H31M4.500 10C8 15.500 11.800 18 16 18s8-2.500 11.500-8');
  const iris = document.createElementNS(drawing.namespaceURI, 'circle');
  for (const [name, value] of [['cx', '16'], ['cy', '10'], ['r', '4.6']]) iris.setAttribute(name, value);
  drawing.append(lid, iris);
  return drawing;
}
