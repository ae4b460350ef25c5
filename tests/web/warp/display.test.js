/** How each frame is warped, in simulated calls of ten seconds. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Display} from '../../../web/warp/display.js';
import {decode} from '../../../web/warp/wire.js';
import {call} from '../doubles/call.js';
import {fieldsOf, landmarksAt, landmarksOf, nobodyIn} from '../doubles/packets.js';
import {texture} from '../doubles/texture.js';
import {vectors} from '../doubles/vectors.js';

const EYES = decode(landmarksOf(0, 0)).faces[0];
const BEGIN = 5_000; // of the call, on the page's clock
const CAMERA = 7_777_000.25; // how far the camera's clock is ahead of that
const FULL = {width: 1280, height: 720};
const USUAL = {maxLandmarkAge: 8, maxFieldAge: 10, motion: 'off', guard: false};

/**
 * Simulates a call. Packets are those of packetsOf(rtp, count, seconds), none between the seconds `silent`;
 * lumaAt(seconds) is the luma of the frame captured then; act(display, seconds) is called before each frame.
 * @returns {{plans: {seconds, captured, verdict, age, placed}[], display: Display}} age: of the landmarks, in frames
 */
function play({settings, silent = [99, 99], calls, packetsOf = usual, size = FULL, lumaAt = () => {}, act = () => {}} = {}) {
  const display = new Display({...USUAL, ...settings});
  const {events, truth} = call({jitter: 2, ...calls});
  const numbers = new Map([...truth.keys()].map((rtp, number) => [rtp, number]));
  const plans = [];
  for (const [at, kind, value] of events) {
    const seconds = (at - BEGIN) / 1000;
    if (kind === 'sent') display.sent(value, at);
    if (kind === 'received' && !(seconds > silent[0] && seconds < silent[1])) {
      const packets = packetsOf(value, numbers.get(value), capturedAt(truth.get(value)));
      for (const packet of packets) display.receive(packet, at);
    }
    if (kind !== 'frame') continue;
    act(display, seconds);
    const frame = display.arrive({time: value, at, ...size});
    const captured = capturedAt(value);
    frame.luma = lumaAt(captured);
    const {placed, verdict, landmarks} = display.plan(frame);
    plans.push({seconds, captured, verdict, age: landmarks === null ? null : frame.index - landmarks, placed});
  }
  return {plans, display};
}

/** Seconds of the call. */
const capturedAt = (time) => (time - CAMERA - BEGIN) / 1000;

const usual = (rtp, count) => [landmarksOf(rtp, count), fieldsOf(rtp, count)];

/** Plans between these seconds. */
const between = ({plans}, from, to) => plans.filter(({seconds}) => seconds > from && seconds < to);
const verdicts = (plans) => [...new Set(plans.map(({verdict}) => verdict))];
const gains = (plans) => plans.map(({placed: [one]}) => one?.gain ?? 0);
const near = (value, wanted, by, what) => assert(Math.abs(value - wanted) <= by, `${what ?? ''} ${value}, not ${wanted}`);

test('fields are placed at the newest landmarks, scaled to the full picture', () => {
  const {verdict, age, placed} = play().plans.at(-20);
  assert.equal(verdict, 'corrected');
  assert(age >= 2 && age <= 6, `${age}: the packets of the call take 85 to 165 ms`);
  for (const [at, side] of ['right', 'left'].entries()) {
    assert.equal(placed[at].gain, 1);
    for (const key of ['x', 'y', 'stepX', 'stepY']) near(placed[at][key], 2 * EYES[side][key], 1e-3, key);
  }
});

test('nothing is done before the first packets', () => {
  const all = play().plans;
  const first = all.findIndex(({verdict}) => verdict === 'corrected');
  assert(first > 0);
  assert.deepEqual(verdicts(all.slice(0, first)), ['warming_up']);
  assert.deepEqual(verdicts(all.slice(first)), ['corrected']);
});

test('the correction fades within 150 ms when packets stop, and comes back with them', () => {
  const played = play({silent: [4, 6]});
  assert.deepEqual(new Set(gains(between(played, 1, 4))), new Set([1]));
  assert.deepEqual(new Set(gains(between(played, 4.6, 6))), new Set([0]));
  assert.deepEqual(verdicts(between(played, 4.6, 6)), ['late']);
  const [falling, rising] = [gains(between(played, 4, 4.6)), gains(between(played, 6, 6.6))];
  assert.deepEqual(falling, falling.toSorted((a, b) => b - a));
  assert.deepEqual(rising, rising.toSorted((a, b) => a - b));
  for (const way of [falling, rising]) {
    const partly = way.filter((gain) => gain > 0 && gain < 1).length;
    assert(partly >= 3 && partly <= 6, `${partly} frames on the way`);
  }
});

test('each limit alone keeps a correction back', () => {
  const verdictsOf = (maxLandmarkAge, maxFieldAge) =>
    verdicts(between(play({settings: {maxLandmarkAge, maxFieldAge}, calls: {delay: [170, 200]}}), 2, 9));
  assert.deepEqual(verdictsOf(8, 10), ['corrected'], 'packets of this call are 5 frames old and more');
  assert.deepEqual(verdictsOf(2, 10), ['late']);
  assert.deepEqual(verdictsOf(8, 2), ['late']);
});

test('limits may be changed in a call', () => {
  const act = (display, seconds) => { if (seconds > 5) display.change({maxFieldAge: 0}); };
  const played = play({act});
  assert.deepEqual(verdicts(between(played, 2, 5)), ['corrected']);
  assert.deepEqual(verdicts(between(played, 6, 9)), ['late']);
});

test('eyes go on at half their pace where no picture can be followed', () => {
  const packetsOf = (rtp, count, seconds) => [landmarksOf(rtp, count, {x: 60 * seconds}), fieldsOf(rtp, count)];
  const [stay, extrapolate] = ['off', 'velocity'].map((motion) => play({packetsOf, settings: {motion}}).plans);
  for (let at = 100; at < 200; at++) {
    assert.equal(stay[at].verdict, 'corrected');
    for (const eye of [0, 1]) {
      const [one, other] = [stay[at].placed[eye], extrapolate[at].placed[eye]];
      near(other.x - one.x, 0.5 * 4 * stay[at].age, 1.5, 'of the large picture, 4 pixels from frame to frame,');
      assert.deepEqual({...other, x: 0}, {...one, x: 0});
    }
  }
});

test('eyes are followed in the small copy, and placed where they are by now in the full picture', () => {
  // An image that moves back and forth by one pixel of the copy per frame: four pixels of the full frame.
  const sway = (seconds) => 10 - Math.abs(Math.round(30 * seconds) % 40 - 20);
  const pictures = Array.from({length: 21}, (_, step) => ({...texture(320, 180, 1, [step - 10, 0]), factor: 4}));
  const lumaAt = (seconds) => pictures[sway(seconds) + 10];
  const packetsOf = (rtp, count, seconds) => [landmarksOf(rtp, count, {x: 2 * sway(seconds)}), fieldsOf(rtp, count)];
  const played = between(play({packetsOf, lumaAt, settings: {motion: 'flow'}, calls: {frames: 100}}), 1, 3);
  assert.deepEqual(verdicts(played), ['corrected']);
  for (const {captured, age, placed: [right]} of played) {
    near(right.x, 2 * EYES.right.x + 4 * sway(captured), 0.6, `landmarks ${age} frames old:`);
  }
  const ways = played.map(({captured}) => sway(captured));
  assert.deepEqual([Math.min(...ways), Math.max(...ways)], [-10, 10]);
});

test('an eye that shuts in the shown picture is left alone before the landmarks tell', () => {
  const {pictures: [open, ...later], faces: [face], numbers} = vectors('lids').blinks[1];
  const shut = later[numbers.indexOf(30)];
  const size = {width: open.width, height: open.height};
  const lumaAt = (seconds) => ({...(seconds < 1.5 ? open : shut), factor: 1});
  const packetsOf = (rtp, count) => [landmarksAt(rtp, count, face, size), fieldsOf(rtp, count)];
  const [guarded, unguarded] = [true, false].map((guard) =>
    play({packetsOf, lumaAt, size, silent: [1.5, 9], settings: {motion: 'flow', guard}, calls: {frames: 60}}));
  for (const played of [guarded, unguarded]) assert.deepEqual(verdicts(between(played, 1.2, 1.49)), ['corrected']);
  assert.deepEqual(verdicts(between(guarded, 1.52, 1.6)), ['eyes_closed']);
  assert.deepEqual(verdicts(between(unguarded, 1.52, 1.6)), ['corrected']);
});

test('why nothing is done to a face is said', () => {
  const saying = (words) => ({packetsOf: (rtp, count) => [landmarksOf(rtp, count, words), fieldsOf(rtp, count)]});
  assert.equal(play(saying({openness: 0, strength: 0})).plans.at(-20).verdict, 'eyes_closed');
  assert.equal(play(saying({strength: 0})).plans.at(-20).verdict, 'held_back');
});

test('nobody seen is nobody corrected', () => {
  assert.equal(play({packetsOf: nobodyIn}).plans.at(-20).verdict, 'no_face');
});

test('another connection begins with nothing', () => {
  let forgotten = false;
  const act = (display, seconds) => {
    if (seconds > 4 && !forgotten) display.reset();
    forgotten = seconds > 4;
  };
  const played = play({silent: [3.9, 6], act});
  assert.deepEqual(verdicts(between(played, 4.05, 6)), ['warming_up']);
  assert.equal(played.plans.at(-20).verdict, 'corrected');
});

test('what was said of another camera does not hold for this one', () => {
  let changed = false;
  const act = (display, seconds) => {
    if (seconds > 4 && !changed) display.changeCamera();
    changed = seconds > 4;
  };
  const played = play({silent: [3.9, 6], act});
  assert.deepEqual(verdicts(between(played, 4.05, 6)), ['warming_up']);
  assert.equal(played.plans.at(-20).verdict, 'corrected');
});

test('packets about frames that never came are counted and do no harm', () => {
  const played = play({calls: {drop: 0.3}});
  assert(played.display.counts.packets.unmatched > 40);
  assert.deepEqual(verdicts(between(played, 2, 9)), ['corrected']);
});

test('rubbish is counted and does no harm', () => {
  const packetsOf = (rtp, count) => [...usual(rtp, count), new ArrayBuffer(0), new Uint8Array(300).buffer, 'text', null];
  const played = play({packetsOf});
  const {malformed, landmarks} = played.display.counts.packets;
  assert.equal(malformed, 4 * landmarks);
  assert.deepEqual(verdicts(between(played, 1, 9)), ['corrected']);
});

test('a relay that has long been silent needs no pixels', () => {
  const display = new Display(USUAL);
  assert.equal(display.isReceiving(0), false);
  display.receive(landmarksOf(0, 0), 2000);
  assert.deepEqual([2001, 2999, 3001].map((at) => display.isReceiving(at)), [true, true, false]);
  assert.equal(display.wantsLuma, false);
  display.change({guard: true});
  assert.equal(display.wantsLuma, true);
});
