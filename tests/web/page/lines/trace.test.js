/** The trace of the pipeline, on the page's clock. */

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Trace} from '../../../../web/page/lines/trace.js';

const message = (spans, shown = [], now = 100) => ({now, spans, shown});

test('the quickest message tells how the clocks differ', () => {
  const trace = new Trace();
  trace.add(message([['landmarks', 1, 99, 99.1]], [], 100), 5080);
  trace.add(message([['landmarks', 2, 100, 100.1]], [], 100.2), 5210);
  trace.add(message([['landmarks', 3, 100.2, 100.3]], [], 100.4), 5500);
  // Delayed by at least 80, 10 and 100 ms: only the second improves the offset.
  assert.deepEqual(trace.spans.map(({begin}) => Math.round(begin)), [4080, 5010, 5210]);
});

test('what is long past is forgotten', () => {
  const trace = new Trace();
  for (let n = 0; n < 1000; n += 1) {
    trace.add(message([['landmarks', n, n / 5, n / 5 + 0.1]], [[n, n / 5, n, n, 'corrected']], n / 5), 200 * n);
  }
  assert(trace.spans.length < 30 && trace.shown.length < 30);
  assert.equal(trace.find('landmarks', 5), undefined);
  assert.equal(trace.find('landmarks', 999)?.frame, 999);
});

for (const [what, shown, ages] of [
  ['nothing shown', [], null],
  ['nothing used', [[5, 99.9, null, null, 'warming_up']], null],
  ['one frame', [[5, 99.9, 4, 3, 'corrected']], {landmarks: 1, field: 2}],
  [
    'the middle of three',
    [[5, 99.7, 0, 0, 'late'], [6, 99.8, 5, 5, 'corrected'], [7, 99.9, 5, 6, 'corrected']], {landmarks: 2, field: 1},
  ],
  ['the last second only', [[5, 98.5, 0, 0, 'late'], [6, 99.8, 6, 6, 'corrected']], {landmarks: 0, field: 0}],
]) {
  test(`ages: ${what}`, () => {
    const trace = new Trace();
    trace.add(message([], shown), 5000);
    assert.deepEqual(trace.ages(5000), ages);
  });
}

test('what this browser has shown is joined to the work that it used', () => {
  const trace = new Trace();
  const add = (now, spans) => trace.add({now, spans, shown: []}, 1000 * now);
  const shown = (frame, at, landmarks, field) => ({frame, at, landmarks, field, verdict: 'corrected'});
  const spans = [{line: 'warp', frame: 51, begin: 60, end: 64}, {line: 'warp', frame: 52, begin: 180, end: 184}];
  const mine = {spans, shown: [shown(51, 64, 50, 49), shown(52, 184, 51, 50)]};
  trace.join(mine, add(0.1, [['field', 6, 0, 0.01], ['landmarks', 7, 0, 0.03], ['landmarks', 8, 0.05, 0.09]]));
  assert.equal(trace.shown.length, 1, 'the second was shown after the time of the relay\'s message');
  trace.join({spans: [], shown: []}, add(0.2, [['field', 7, 0.1, 0.11], ['landmarks', 9, 0.15, 0.19]]));
  trace.join({spans: [], shown: [shown(53, 195, 51, 50)]}, add(0.3, []));
  // The newest landmarks were of the relay's frame 7, which is the browser's 50; then 8, its 51. The relay's 9 had been
  // computed, but not received, when the third was shown.
  const used = trace.shown.map(({frame, landmarks, field}) => [frame, landmarks, field]);
  assert.deepEqual(used, [[8, 7, 6], [9, 8, 7], [10, 8, 7]]);
  assert.deepEqual(trace.spans.filter(({line}) => line === 'warp').map(({frame}) => frame), [8, 9]);
});
