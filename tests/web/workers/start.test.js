/** Starting workers on the library's own origin, and from a page of another origin. */

import assert from 'node:assert/strict';
import {beforeEach, mock, test} from 'node:test';

import {ScriptedWorker, install} from '../doubles/workers.js';
import {startWorker} from '../../../web/workers/start.js';

const LOCAL = new URL('../../../web/warp/routes/local-worker.js', import.meta.url);

beforeEach(install);

test('a page of the same origin starts the file itself', () => {
  const worker = startWorker(LOCAL, 'local');
  assert(worker.address.endsWith('/warp/routes/local-worker.js'));
  assert.deepEqual(worker.options, {type: 'module', name: 'local'});
});

test('a page elsewhere starts one of its own that imports the file, and lets go of it once it speaks', async () => {
  globalThis.location = {origin: 'https://elsewhere.test'};
  const made = mock.method(URL, 'createObjectURL');
  const revoked = mock.method(URL, 'revokeObjectURL');
  const worker = startWorker(LOCAL, 'local');
  const script = await made.mock.calls[0].arguments[0].text();
  assert.match(script, /^import ".*\/local-worker\.js";$/);
  assert.equal(worker.address, made.mock.calls[0].result);
  assert.equal(revoked.mock.callCount(), 0);
  worker.emit(null);
  worker.emit('more');
  assert.deepEqual(revoked.mock.calls.map(({arguments: [address]}) => address), [worker.address]);
  assert.equal(ScriptedWorker.started.length, 1);
  mock.reset();
});
