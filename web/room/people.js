/** Who is in the room, as one sees and hears it: a tile each, who speaks, who comes and goes. Knows nothing of Janus. */

import {Grid, Tile} from './grid.js';
import {readMark} from './words.js';

const LISTEN_MS = 300;

/** Whoever is gone stays so long: he may only have changed the way by which he sends. */
const LINGER_MS = 1500;

const SPEECH = 0.02; // of full level; a quiet room is below 0.01

export class People {
  #grid;
  #alone;
  #news;
  /** @type {Map<import('./feed.js').Feed, Tile>} */
  #others = new Map();

  /** @param {{grid: HTMLElement, alone: HTMLElement, news: HTMLElement}} places @param {Tile} own */
  constructor({grid, alone, news}, own) {
    this.#grid = new Grid(grid);
    this.#alone = alone;
    this.#news = news;
    this.#grid.add(own);
    setInterval(() => this.#listen(), LISTEN_MS);
  }

  /** Somebody came; goes by itself when the feed ends. @param {import('./feed.js').Feed} feed */
  add(feed) {
    const tile = new Tile(feed.stream, false);
    tile.show(readMark(feed.display));
    if (this.#called(tile.name).length === 0) this.#tell(`${tile.name} is here.`);
    this.#others.set(feed, tile);
    this.#grid.add(tile);
    tile.video.addEventListener('resize', () => this.#choose(tile.name));
    feed.addEventListener('name', () => {
      tile.show(readMark(feed.display));
      this.#choose(tile.name);
    });
    feed.addEventListener('end', () => setTimeout(() => this.#remove(feed, tile), LINGER_MS));
    this.#choose(tile.name);
  }

  /** Whether one is in the room, so that being alone means something. */
  enter(/** @type {boolean} */ inside) {
    this.#alone.dataset.inside = String(inside);
    this.#count();
  }

  /** Tiles of this name, the latest last: names are told apart in the room, so it is one person. */
  #called(/** @type {string} */ name) {
    return [...this.#others.values()].filter((tile) => tile.name === name);
  }

  /** Of one person's tiles the latest that has a picture is shown and heard. */
  #choose(/** @type {string} */ name) {
    const tiles = this.#called(name);
    const chosen = tiles.findLast(({video}) => video.videoWidth > 0) ?? tiles[0];
    for (const tile of tiles) tile.appear(tile === chosen);
    this.#grid.arrange();
    this.#count();
  }

  #remove(/** @type {import('./feed.js').Feed} */ feed, /** @type {Tile} */ tile) {
    this.#others.delete(feed);
    this.#grid.remove(tile);
    if (this.#called(tile.name).length === 0) this.#tell(`${tile.name} has left.`);
    this.#choose(tile.name);
  }

  #tell(/** @type {string} */ text) {
    this.#news.textContent = text;
    this.#count();
  }

  #count() {
    this.#alone.hidden = this.#alone.dataset.inside !== 'true' || this.#others.size > 0;
  }

  async #listen() {
    for (const [feed, tile] of this.#others) tile.speak(await feed.loudness().catch(() => 0) > SPEECH);
  }
}
