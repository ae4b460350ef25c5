/** Which sound goes out: the microphone's own, or the one that made the journey with the picture. */

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
  const sound = new AudioOutput();
  sound.replaceMicrophone(microphone);
  const heard = () => Context.all.at(-1).heard.map((track) => track === microphone ? 'microphone' : 'returned');
  return {sound, heard};
}

test('the microphone is heard whenever the relay is not', () => {
  const {sound, heard} = begin();
  assert.deepEqual(heard(), ['microphone']);
  sound.follow(returned);
  assert.deepEqual(heard(), ['microphone'], 'the picture is not corrected yet');
  sound.accompany(true);
  assert.deepEqual(heard(), ['returned']);
  sound.accompany(false);
  assert.deepEqual(heard(), ['microphone']);
  sound.accompany(true);
  returned.mute(true);
  assert.deepEqual(heard(), ['microphone'], 'nothing comes from the relay');
  returned.mute(false);
  assert.deepEqual(heard(), ['returned']);
  sound.follow(undefined);
  assert.deepEqual(heard(), ['microphone']);
  sound.replaceMicrophone(null);
  assert.deepEqual(heard(), []);
});

test('the track stays the same, and ends with everything that was made for it', () => {
  const {sound} = begin();
  const {track} = sound;
  sound.follow(returned);
  sound.replaceMicrophone(new Track('audio'));
  assert.equal(sound.track, track);
  assert.deepEqual(Element.all.at(-1).srcObject.getTracks(), [returned], 'an element plays what the relay returns');
  sound.stop();
  assert.deepEqual([track.readyState, microphone.readyState, Context.all.at(-1).state, Element.all.at(-1).srcObject],
    ['ended', 'live', 'closed', null]);
});

test('a browser that waits for a click begins with the first', async () => {
  Context.allowed = false;
  const {sound} = begin();
  assert.equal(sound.state, 'suspended');
  Context.allowed = true;
  document.dispatchEvent(new Event('pointerdown'));
  assert.equal(sound.state, 'running');
  sound.stop();
});
