/** A connection's load, from two readings of the browser's statistics. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Gauge} from '../../../../web/client/connection/gauge.js';

/** A reading: timestamp, bytes sent, frames encoded and frames shown so far. */
const at = (timestamp, sent, frames, shown) => new Map(Object.entries({
  T: {type: 'transport', timestamp, bytesSent: sent, bytesReceived: 2 * sent},
  P: {type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02},
  Q: {type: 'candidate-pair', nominated: false, currentRoundTripTime: 9},
  O: {type: 'outbound-rtp', kind: 'video', totalEncodeTime: frames * 0.005, framesEncoded: frames},
  A: {type: 'outbound-rtp', kind: 'audio', totalEncodeTime: 9},
  I: {type: 'inbound-rtp', kind: 'video', totalProcessingDelay: shown * 0.03, framesDecoded: shown},
}));

test('the load is what has grown since the last reading', async () => {
  const readings = [at(1000, 0, 0, 0), at(2000, 125000, 30, 30), at(3000, 250000, 60, 30), at(3000, 250000, 60, 30)];
  const gauge = new Gauge({getStats: async () => readings.shift()});
  assert.equal(await gauge.read(), undefined);
  const {way, ...load} = await gauge.read();
  assert.deepEqual(load, {up: 1, down: 2});
  assert(Math.abs(way - (5 + 20 + 30)) < 1e-6);
  assert.deepEqual(await gauge.read(), {up: 1, down: 2, way: null}, 'no picture has come back');
  assert.equal(await gauge.read(), undefined, 'no time has passed');
});
