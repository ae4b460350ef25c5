/** The participants, as tiles in a scripted document. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Tile, fit} from '../../../web/room/grid.js';
import {People} from '../../../web/room/people.js';
import {element, installDocument} from '../doubles/document.js';
import {ScriptedStream, install} from '../doubles/peer.js';
import {holdTime} from '../doubles/waiting.js';

let time, places, people;

beforeEach(() => {
  install();
  installDocument();
  time = holdTime();
  places = {grid: element('ul', {clientWidth: 1280, clientHeight: 700}), alone: element(), news: element()};
  const own = new Tile(new ScriptedStream(), true);
  own.show({name: 'Zoe', corrected: false});
  people = new People(places, own);
  people.setInside(true);
});
afterEach(() => mock.reset());

/** A double of the Feed of feed.js. */
class Feed extends EventTarget {
  stream = new ScriptedStream();
  level = 0;

  constructor(display) {
    super();
    this.display = display;
  }

  audioLevel = async () => this.level;

  rename(display) {
    this.display = display;
    this.dispatchEvent(new Event('name'));
  }
}

/** A participant joins; with video at once, or not yet. */
function addPerson(display, {width = 640, height = 480} = {}) {
  const feed = new Feed(display);
  people.add(feed);
  const tile = places.grid.children.find(({children: [video]}) => video.srcObject === feed.stream);
  const draw = (size) => {
    Object.assign(tile.children[0], size);
    tile.children[0].dispatchEvent(new Event('resize'));
  };
  draw({videoWidth: width, videoHeight: height});
  return {feed, tile, draw};
}

const shown = () => places.grid.children.filter(({hidden}) => !hidden).map(({dataset}) => dataset.name);

test('people come, are named with a mark, and go after a little while', async () => {
  assert.equal(places.alone.hidden, false);
  const {feed, tile} = addPerson('Kim (eye contact)');
  assert.deepEqual([shown(), tile.dataset.corrected], [['Kim', 'Zoe'], 'true']);
  assert.deepEqual([places.news.textContent, places.alone.hidden], ['Kim is here.', true]);
  feed.rename('Kim');
  assert.equal(tile.dataset.corrected, 'false');
  feed.dispatchEvent(new Event('end'));
  await time.pass(1400);
  assert.deepEqual(shown(), ['Kim', 'Zoe']);
  await time.pass(200);
  assert.deepEqual([shown(), places.news.textContent, places.alone.hidden], [['Zoe'], 'Kim has left.', false]);
});

test('own tile is last and mute, the others are in order of their names, and no picture that plays is moved', () => {
  const {tile} = addPerson('Ned');
  addPerson('Ada');
  assert.deepEqual(shown(), ['Ada', 'Ned', 'Zoe']);
  assert.equal(tile.moves, 1);
  assert.equal(places.grid.children.at(-1).children[0].muted, true);
  assert.equal(tile.children[0].muted, false);
});

test('of one person that comes by another way, one tile is seen and heard: the latest with a picture', async () => {
  const first = addPerson('Kim');
  places.news.textContent = '';
  const second = addPerson('Kim (eye contact)', {width: 0, height: 0});
  assert.equal(places.news.textContent, '', 'no new participant is announced');
  assert.deepEqual([first.tile.hidden, second.tile.hidden, second.tile.children[0].muted], [false, true, true]);
  second.draw({videoWidth: 640, videoHeight: 480});
  assert.deepEqual([first.tile.hidden, first.tile.children[0].muted, second.tile.hidden], [true, true, false]);
  first.feed.dispatchEvent(new Event('end'));
  await time.pass(1600);
  assert.deepEqual([shown(), places.news.textContent], [['Kim', 'Zoe'], '']);
});

test('who speaks is shown while it lasts; who cannot be listened to is silent', async () => {
  const {feed, tile} = addPerson('Kim');
  feed.level = 0.1;
  await time.pass(300);
  assert.equal(tile.dataset.speaks, 'true');
  feed.level = 0.01;
  await time.pass(300);
  assert.equal(tile.dataset.speaks, 'false');
  feed.level = 0.1;
  await time.pass(300);
  feed.audioLevel = async () => { throw new Error('closed'); };
  await time.pass(300);
  assert.equal(tile.dataset.speaks, 'false');
});

for (const [width, height] of [[1280, 700], [390, 700], [844, 300]]) {
  test(`any number of tiles fits into ${width} by ${height}, or is scrolled`, () => {
    for (const count of [1, 2, 3, 5, 9, 16]) {
      const {columns, width: size} = fit(count, {width, height}, 4 / 3);
      const rows = Math.ceil(count / columns);
      const across = columns * size + 10 * (columns - 1);
      const down = rows * size * 3 / 4 + 10 * (rows - 1);
      assert.ok(across <= width && size >= 132);
      assert.ok(down <= height || across + 10 + 132 > width, 'there is space for one more column');
    }
  });
}

test('tiles take the shape of most pictures, between square and wide', () => {
  const shape = () => Number(places.grid.style['--ratio']);
  addPerson('Ann', {width: 100, height: 300});
  assert.equal(shape(), 1);
  addPerson('Bob');
  addPerson('Cid');
  assert.equal(shape(), 4 / 3);
});
