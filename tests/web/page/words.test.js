/** How the page names directions and reasons. */

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {explainObstacle, explainRejection, namePitch, nameYaw, sentenceFor} from '../../../web/page/words.js';

test('left and right are named as seen', () => {
  const yaws = [nameYaw(3, false), nameYaw(3, true), nameYaw(-0.4, true), nameYaw(0.01, true)];
  assert.deepEqual(yaws, ['3.0° right', '3.0° left', '0.4° right', '0°']);
  assert.deepEqual([namePitch(-2), namePitch(8)], ['2.0° down', '8.0° up']);
});

test('each reason for a rejection has words of its own', () => {
  const words = ['no_face', 'blinked', 'moved', 'too_far', 'wrong_order'].map((code) => explainRejection(code, 'the relay says'));
  assert.equal(new Set(words).size, 5);
  for (const one of words) assert(one !== 'the relay says' && one.endsWith('.'));
  assert.equal(explainRejection('of_tomorrow', 'the relay says'), 'the relay says');
});

test('each obstacle and each camera that cannot be had has a sentence of its own, any other the relay\'s', () => {
  const codes = ['insecure', 'camera_refused', 'no_camera', 'camera_busy', 'camera_failed', 'camera_gone', 'soundless'];
  assert.equal(new Set(codes.map((code) => sentenceFor(code).title)).size, codes.length);
  assert.match(sentenceFor('of_tomorrow', 'Something new.').text, /^Something new\. You see your own picture/);
  assert.notEqual(explainObstacle('no_webgl'), explainObstacle('else'));
});
