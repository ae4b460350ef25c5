/** Shows the participants: a tile each, who speaks, who joins and leaves. Knows nothing of Janus. */

import {Grid, Tile} from './grid.js';
import {readMark} from './words.js';

const LEVEL_INTERVAL_MS = 300;

/** Delay until an ended tile is removed: the participant may be published again by the other way. */
const LINGER_MS = 1500;

const SPEECH_LEVEL = 0.02; // of full level; a quiet room is below 0.01

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
    setInterval(() => this.#showSpeakers(), LEVEL_INTERVAL_MS);
  }

  /** Adds a participant, who is removed when the feed ends. @param {import('./feed.js').Feed} feed */
  add(feed) {
    const tile = new Tile(feed.stream, false);
    tile.show(readMark(feed.display));
    if (this.#tilesOf(tile.name).length === 0) this.#announce(`${tile.name} is here.`);
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

  /** Sets whether this participant is in the room; only then the text for an empty room can be shown. */
  setInside(/** @type {boolean} */ inside) {
    this.#alone.dataset.inside = String(inside);
    this.#showAlone();
  }

  /** Tiles of this name, the latest last: names are unique in the room, so they belong to one participant. */
  #tilesOf(/** @type {string} */ name) {
    return [...this.#others.values()].filter((tile) => tile.name === name);
  }

  /** Shows and unmutes the latest tile of this participant that has video, and hides the others. */
  #choose(/** @type {string} */ name) {
    const tiles = this.#tilesOf(name);
    const chosen = tiles.findLast(({video}) => video.videoWidth > 0) ?? tiles[0];
    for (const tile of tiles) tile.setVisible(tile === chosen);
    this.#grid.arrange();
    this.#showAlone();
  }

  #remove(/** @type {import('./feed.js').Feed} */ feed, /** @type {Tile} */ tile) {
    this.#others.delete(feed);
    this.#grid.remove(tile);
    if (this.#tilesOf(tile.name).length === 0) this.#announce(`${tile.name} has left.`);
    this.#choose(tile.name);
  }

  #announce(/** @type {string} */ text) {
    this.#news.textContent = text;
    this.#showAlone();
  }

  #showAlone() {
    this.#alone.hidden = this.#alone.dataset.inside !== 'true' || this.#others.size > 0;
  }

  async #showSpeakers() {
    for (const [feed, tile] of this.#others) tile.setSpeaking(await feed.audioLevel().catch(() => 0) > SPEECH_LEVEL);
  }
}
