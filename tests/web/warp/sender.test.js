/** The small copy of the camera for the relay, its encoder's limits, and the reported timestamps. */

import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {ScriptedTrack, ScriptedWorker, install} from '../doubles/workers.js';
import {prepare, smallCopy} from '../../../web/warp/sender.js';

beforeEach(() => {
  install();
  globalThis.RTCRtpScriptTransform = class {
    constructor(worker, options) { Object.assign(this, {worker, options}); }
  };
});

const waitIdle = () => new Promise((soon) => setImmediate(soon));

/** A sender, and what was set on it. */
function senderOf(track, refuses = false) {
  const set = [];
  return {
    track,
    set,
    getParameters: () => ({encodings: [{active: true}]}),
    setParameters: async (parameters) => {
      if (refuses) throw new DOMException('no', 'InvalidModificationError');
      set.push(parameters);
    },
  };
}

test('the copy is at most 640 pixels long and keeps its shape; the camera stays as large as it was', async () => {
  const sizes = [[1280, 720, 640, 360], [1080, 1920, 360, 640], [960, 540, 640, 360]];
  for (const [width, height, across, down] of sizes) {
    const camera = new ScriptedTrack({width, height});
    const copy = smallCopy(camera);
    await waitIdle();
    assert.deepEqual(copy.getSettings(), {width: across, height: down});
    assert.deepEqual(camera.getSettings(), {width, height});
  }
});

test('a picture that is small already is left alone, and one whose size is not known', async () => {
  for (const size of [{width: 640, height: 480}, {width: undefined, height: undefined}]) {
    const copy = smallCopy(Object.assign(new ScriptedTrack(), {size}));
    await waitIdle();
    assert.deepEqual(copy.constraints, []);
  }
});

test("where all tracks of a camera share one size, the camera's own is kept and the encoder makes it smaller", async () => {
  const camera = new ScriptedTrack({shares: true});
  const copy = smallCopy(camera);
  await waitIdle();
  await waitIdle();
  assert.deepEqual(camera.getSettings(), {width: 1280, height: 720});
  const sender = senderOf(copy);
  await prepare(sender, () => {});
  assert.equal(sender.set[0].encodings[0].scaleResolutionDownBy, 2);
});

test('the encoder is limited, and gives up frames before pixels', async () => {
  const sender = senderOf(new ScriptedTrack({width: 640, height: 360}));
  await prepare(sender, () => {});
  const [{encodings, degradationPreference}] = sender.set;
  assert.equal(degradationPreference, 'maintain-resolution');
  const limits = {active: true, maxBitrate: 800_000, maxFramerate: 30, scaleResolutionDownBy: 1};
  assert.deepEqual(encodings, [limits]);
  await prepare(senderOf(new ScriptedTrack(), true), () => {}); // a browser that refuses is tolerated
});

test('each frame that leaves the encoder is reported, by one worker for each sender', async () => {
  const sender = senderOf(new ScriptedTrack());
  const reports = [];
  await prepare(sender, (...report) => reports.push(report));
  await prepare(sender, () => assert.fail('it is prepared already'));
  const [worker, ...more] = ScriptedWorker.started;
  assert.deepEqual(more, []);
  assert.equal(sender.transform.worker, worker);
  worker.emit({rtp: 90_000, at: 12});
  assert.deepEqual(reports, [[90_000, 12]]);
});

test('a browser that does not tell what leaves the encoder starts no worker', async () => {
  delete globalThis.RTCRtpScriptTransform;
  await prepare(senderOf(new ScriptedTrack()), () => {});
  assert.deepEqual(ScriptedWorker.started, []);
});
