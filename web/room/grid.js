/** The people in the room, as tiles that share the space there is. Knows nothing of connections. */

const GAP = 10;
const LEAST = 132; // pixels across; below that one scrolls
const [TALLEST, WIDEST] = [1, 16 / 9];

/**
 * Columns and tile width for so many tiles of one shape, as large as can be.
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
  if (best.width >= LEAST || count === 0) return best;
  const columns = Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
  return {columns, width: Math.floor((width - GAP * (columns - 1)) / columns)};
}

/** Lays tiles out; own picture last, the others by name, so that whoever is gone for a moment comes back to his place. */
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
    // Moving a video that plays makes it flicker: only the new one is put in.
    order.forEach(({element}, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
    });
    this.arrange();
  }

  /** The space may have changed, or the pictures' shape. */
  arrange() {
    const tiles = this.tiles.filter(({element}) => !element.hidden);
    const ratios = tiles.map(({video}) => video.videoWidth / video.videoHeight).filter(Boolean).sort((a, b) => a - b);
    const ratio = Math.min(WIDEST, Math.max(TALLEST, ratios[ratios.length - 1 >> 1] ?? WIDEST));
    const {width} = fit(tiles.length, {width: this.#list.clientWidth, height: this.#list.clientHeight}, ratio);
    this.#list.style.setProperty('--tile', `${width}px`);
    this.#list.style.setProperty('--ratio', String(ratio));
  }
}

/** One person. */
export class Tile {
  element = document.createElement('li');
  video = document.createElement('video');
  #label = document.createElement('b');
  #mark = document.createElement('span');
  name = '';

  /** @param {MediaStream | null} stream @param {boolean} own one's own: mirrored, and not to be heard */
  constructor(stream, own) {
    this.own = own;
    Object.assign(this.video, {autoplay: true, playsInline: true, muted: own, srcObject: stream, disablePictureInPicture: true});
    this.element.className = own ? 'tile own' : 'tile';
    this.#mark.className = 'mark';
    this.#mark.append(eye(), 'eye contact');
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

  /** Whether it is to be seen and heard. */
  appear(/** @type {boolean} */ visible) {
    this.element.hidden = !visible;
    this.video.muted = this.own || !visible;
  }

  speak(/** @type {boolean} */ speaks) {
    this.element.dataset.speaks = String(speaks);
  }
}

function eye() {
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
