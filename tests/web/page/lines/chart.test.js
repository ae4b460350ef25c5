/** Where the chart draws spans and frames; test_strip.py checks it on a real canvas. */

import assert from 'node:assert/strict';
import {afterEach, mock, test} from 'node:test';
import {Chart} from '../../../../web/page/lines/chart.js';
import {Trace} from '../../../../web/page/lines/trace.js';
import {Canvas, Screen} from '../../doubles/screen.js';

afterEach(() => mock.restoreAll());

const ROWS = {red: 13.5, green: 40.5, blue: 67.5};
const SPANS = [['landmarks', 7, 99.6, 99.7], ['field', 8, 99.75, 99.8], ['warp', 9, 99.85, 99.86]];

/** A chart of this trace; the relay's clock is at 100 s when the page's is at 5000 ms. */
function chartOf(spans, shown = [], density = 1) {
  new Screen(density);
  const canvas = new Canvas();
  const chart = new Chart(canvas);
  const trace = new Trace();
  trace.add({now: 100, spans, shown}, 5000);
  chart.measure();
  return {canvas, drawn: canvas.context, draw: (now) => chart.draw(trace, now)};
}

for (const density of [1, 2]) {
  test(`a bar lies where and when its work was done, with ${density} pixels for one of the page`, () => {
    const spans = [['landmarks', 7, 99.5, 99.7], ['field', 8, 99.8, 99.81], ['warp', 9, 99.9, 99.9015]];
    const {canvas, drawn, draw} = chartOf(spans, [], density);
    draw(5000);
    const found = drawn.bars.map(({colour, left, right, middle}) => [colour, Math.round(left), Math.round(right), middle]);
    assert.deepEqual(found, [
      ['red', 100, 299, ROWS.red], // a gap of one pixel to the right
      ['green', 400, 409, ROWS.green],
      ['blue', 500, 503, ROWS.blue], // short work has the least width
    ]);
    assert.deepEqual([canvas.width, canvas.height, drawn.scale], [600 * density, 81 * density, density]);
  });
}

test('time runs leftwards, and out of the picture', () => {
  const {drawn, draw} = chartOf([['landmarks', 7, 99.9, 99.95]]);
  const lefts = [5000, 5100, 5300, 6000].map((now) => {
    draw(now);
    return drawn.bars.map(({left}) => Math.round(left));
  });
  assert.deepEqual(lefts, [[500], [400], [200], []]);
});

test('threads lead from a shown frame to what it used', () => {
  const {drawn, draw} = chartOf(SPANS, [[9, 99.86, 7, 8, 'corrected']]);
  draw(5000);
  const ends = drawn.threads.map(({colour, from, to}) => [colour, Math.round(from[0]), Math.round(to[0])]);
  assert.deepEqual(ends, [['red', 460, 299], ['green', 460, 399]]);
  assert(drawn.threads.every(({from, to}) => from[1] > to[1]), 'from the lowest row upwards');
});

test('a frame that was shown as it was has a dot and no thread, or a faint bar where there was work', () => {
  const idle = chartOf(SPANS.slice(0, 2), [[9, 99.86, null, null, 'warming_up']]);
  idle.draw(5000);
  assert.deepEqual(idle.drawn.threads, []);
  assert.deepEqual(idle.drawn.dots.map(({colour, x}) => [colour, Math.round(x)]), [['blue', 460]]);
  const worked = chartOf(SPANS, [[9, 99.86, null, null, 'failed']]);
  worked.draw(5000);
  assert.deepEqual(worked.drawn.dots, []);
  assert(worked.drawn.bars.find(({colour}) => colour === 'blue').alpha < 0.5);
});
