/** The adapters, with doubles of the third-party clients. With their own code: test_adapters.py. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {Stream, Track} from './doubles/browser.js';
import {Clock, waitIdle} from './doubles/clock.js';
import './doubles/connection.js';
import {ScriptedRelay} from './doubles/relay.js';

const {eyelineEffect} = await import('../../web/adapters/jitsi.js');
const {eyelineProcessor} = await import('../../web/adapters/livekit.js');
const {correctSender} = await import('../../web/adapters/sender.js');

const OPTIONS = {relay: 'https://relay.test/'};

let clock, made;

beforeEach(() => {
  clock = new Clock();
  new ScriptedRelay();
  made = [];
});

afterEach(() => {
  for (const one of made) one.stop();
  clock.stop();
});

const keep = (corrected) => {
  made.push(corrected);
  return corrected;
};

function sender(track = new Track()) {
  return {track, async replaceTrack(other) { this.track = other; }};
}

test('a sender sends its camera corrected, and as it is again', async () => {
  const one = sender();
  const camera = one.track;
  const corrected = keep(await correctSender(one, OPTIONS));
  assert.equal(one.track, corrected.track);
  corrected.stop();
  assert.equal(one.track, camera);
});

test('a sender that has been given another track keeps it', async () => {
  const one = sender();
  const corrected = keep(await correctSender(one, OPTIONS));
  const screen = one.track = new Track();
  corrected.stop();
  assert.equal(one.track, screen);
});

test('a sender without a track, or of sound, is refused', async () => {
  await assert.rejects(correctSender(sender(null), OPTIONS), TypeError);
  await assert.rejects(correctSender(sender(new Track('audio')), OPTIONS), TypeError);
});

test('a sender that refuses the track leaves nothing at work', async () => {
  const one = {...sender(), replaceTrack: async () => { throw new DOMException('', 'InvalidModificationError'); }};
  await assert.rejects(correctSender(one, OPTIONS), {name: 'InvalidModificationError'});
  await waitIdle();
  assert.equal(clock.waiting, 0);
});

test('Jitsi’s effect is for cameras, one at a time', () => {
  const effect = eyelineEffect(OPTIONS);
  assert.deepEqual([
    {isVideoTrack: () => true, videoType: 'camera'}, {isVideoTrack: () => true, videoType: 'desktop'}, {isVideoTrack: () => false},
  ].map((track) => effect.isEnabled(track)), [true, false, false]);
  const stream = effect.startEffect(new Stream([new Track()]));
  const first = keep(effect.corrected);
  assert.deepEqual(stream.getTracks(), [first.track]);
  effect.startEffect(new Stream([new Track()]));
  const second = keep(effect.corrected);
  assert.equal(first.state, 'stopped');
  effect.stopEffect();
  assert.deepEqual([second.state, effect.corrected], ['stopped', undefined]);
});

test('LiveKit’s processor keeps its track while cameras come and go, and begins anew after its end', async () => {
  const processor = eyelineProcessor(OPTIONS);
  await processor.init({track: new Track()});
  const {corrected, processedTrack} = processor;
  keep(corrected);
  assert.equal(processedTrack, corrected.track);
  await processor.restart({track: new Track()});
  assert.deepEqual([processor.corrected, processor.processedTrack], [corrected, processedTrack]);
  corrected.stop();
  await processor.restart({track: new Track()});
  assert.notEqual(processor.processedTrack, processedTrack);
  const second = keep(processor.corrected);
  await processor.destroy();
  assert.deepEqual([second.state, processor.processedTrack], ['stopped', undefined]);
});
