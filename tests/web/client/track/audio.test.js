/** Which audio is output: the microphone's own, or the relay's. */

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {Context, Element} from '../../doubles/audio.js';
import {Track} from '../../doubles/browser.js';

const {AudioOutput} = await import('../../../../web/client/track/audio.js');

const [microphone, returned] = [new Track('audio'), new Track('audio')];

beforeEach(() => {
  Context.allowed = true;
  returned.readyState = 'live';
  returned.mute(false);
});

function begin() {
  const output = new AudioOutput();
  output.replaceMicrophone(microphone);
  const audible = () => Context.all.at(-1).audible.map((track) => track === microphone ? 'microphone' : 'returned');
  return {output, audible};
}

test('the microphone is heard whenever the relay is not', () => {
  const {output, audible} = begin();
  assert.deepEqual(audible(), ['microphone']);
  output.follow(returned);
  assert.deepEqual(audible(), ['microphone'], 'the picture is not corrected yet');
  output.setCorrected(true);
  assert.deepEqual(audible(), ['returned']);
  output.setCorrected(false);
  assert.deepEqual(audible(), ['microphone']);
  output.setCorrected(true);
  returned.mute(true);
  assert.deepEqual(audible(), ['microphone'], 'nothing comes from the relay');
  returned.mute(false);
  assert.deepEqual(audible(), ['returned']);
  output.follow(undefined);
  assert.deepEqual(audible(), ['microphone']);
  output.replaceMicrophone(null);
  assert.deepEqual(audible(), []);
});

test('the track stays the same, and ends with everything that was made for it', () => {
  const {output} = begin();
  const {track} = output;
  output.follow(returned);
  output.replaceMicrophone(new Track('audio'));
  assert.equal(output.track, track);
  assert.deepEqual(Element.all.at(-1).srcObject.getTracks(), [returned], 'an element plays what the relay returns');
  output.stop();
  assert.deepEqual([track.readyState, microphone.readyState, Context.all.at(-1).state, Element.all.at(-1).srcObject],
    ['ended', 'live', 'closed', null]);
});

test('a browser that waits for a click begins with the first', async () => {
  Context.allowed = false;
  const {output} = begin();
  assert.equal(output.state, 'suspended');
  Context.allowed = true;
  document.dispatchEvent(new Event('pointerdown'));
  assert.equal(output.state, 'running');
  output.stop();
});
