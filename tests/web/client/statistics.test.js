/** Statistics of a call: merged from relay and browser, the outcome of frames, and the connection's load. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {MergedStats} from '../../../web/client/merged-stats.js';
import {Gauge} from '../../../web/client/connection/gauge.js';
import {judge} from '../../../web/client/gaze.js';
import {Statistics} from '../../../web/client/statistics.js';
import {Liveness} from '../../../web/client/connection/liveness.js';

const relayStats = (corrected, passed = {}) => ({
  width: 640, height: 360, fps_in: 30, fps_out: 30, faces: 1, pipeline: 'pipelined', delay_ms: null,
  frames: {in: 0, out: 0, dropped: 0, corrected, passed},
  stages_ms: {landmarks: {p50: 15, p95: 18}, field: {p50: 3, p95: 4}},
  age_frames: {landmarks: {p50: 0, p95: 0}},
});
const localStats = (corrected, passed = {}) => ({
  width: 1280, height: 720, fps_in: 29, fps_out: 28, delay_ms: {p50: 5, p95: 9},
  frames: {in: 9, out: 8, dropped: 1, corrected, passed},
  stages_ms: {warp: {p50: 2, p95: 3}}, age_frames: {landmarks: {p50: 2, p95: 3}, field: {p50: 3, p95: 4}},
});
const middles = (spreads) => Object.fromEntries(Object.entries(spreads).map(([name, {p50}]) => [name, p50]));

for (const [earlier, later, finding] of [
  [undefined, {corrected: 0, passed: {}}, {altered: false, share: 0, reason: ''}],
  [{corrected: 10, passed: {warming_up: 9}}, {corrected: 40, passed: {warming_up: 9}}, {altered: true, share: 1, reason: ''}],
  [{corrected: 10, passed: {off: 50}}, {corrected: 15, passed: {off: 50, eyes_closed: 5, no_face: 10}},
    {altered: true, share: 0.25, reason: 'no_face'}],
  [{corrected: 10, passed: {}}, {corrected: 10, passed: {turned_away: 30}}, {altered: false, share: 0, reason: 'turned_away'}],
]) {
  test(`gaze is judged by what happened since: ${JSON.stringify(finding)}`, () => {
    assert.deepEqual(judge(earlier, later), finding);
  });
}

test('the account is of whoever warps', () => {
  const relays = relayStats(5);
  assert.equal(new MergedStats().add(relays).stats, relays);
  const {stats} = new MergedStats().add(relayStats(5), localStats(3, {late: 4}));
  assert.deepEqual([stats.width, stats.fps_out, stats.delay_ms.p50, stats.faces], [1280, 28, 5, 1]);
  assert.deepEqual(middles(stats.stages_ms), {landmarks: 15, field: 3, warp: 2});
  assert.deepEqual(middles(stats.age_frames), {landmarks: 2, field: 3});
  assert.deepEqual(stats.frames, {in: 9, out: 8, dropped: 1, corrected: 3, passed: {late_here: 4}});
});

for (const [relays, browsers, reason] of [
  [relayStats(0, {off: 30}), localStats(0, {no_face: 30}), 'off'],
  [relayStats(0, {turned_away: 30}), localStats(0, {held_back: 30}), 'turned_away'],
  [relayStats(30), localStats(0, {no_face: 30}), 'no_face'],
  [relayStats(30), localStats(0, {late: 30}), 'late_here'],
  [relayStats(0, {off: 30}), localStats(0, {eyes_closed: 30}), 'eyes_closed'],
]) {
  const [there, here] = [relays, browsers].map(({frames}) => JSON.stringify(frames.passed));
  test(`why a browser leaves pictures as they are the relay may know better: ${there} ${here}`, () => {
    const mergedStats = new MergedStats();
    mergedStats.add(relayStats(0), localStats(0));
    assert.deepEqual(mergedStats.add(relays, browsers).finding, {altered: false, share: 0, reason});
  });
}

test('a browser that warps says nothing of now from what was before', async () => {
  const statistics = new Statistics();
  const altered = async (...figures) => {
    await statistics.add(...figures, undefined);
    return statistics.current.altered;
  };
  assert.equal(await altered(relayStats(0), localStats(900)), false);
  assert.equal(await altered(relayStats(0), localStats(930)), true);
  statistics.reset();
  assert.equal(await altered(relayStats(0), localStats(930, {no_face: 30})), false);
});

test('statistics are one object of the relay’s, this browser’s and the connection’s', async () => {
  const statistics = new Statistics();
  assert.equal(await statistics.add(relayStats(5), undefined, Promise.resolve({up: 1, down: 2, way: 30})), true);
  const {up_mbps, down_mbps, way_ms, width, frames, trip_ms, share} = statistics.current;
  assert.deepEqual([up_mbps, down_mbps, way_ms, width, frames.corrected, trip_ms, share], [1, 2, 30, 640, 5, null, 1]);
  await statistics.add(relayStats(9), undefined, Promise.reject(new Error('closed')));
  assert.deepEqual([statistics.current.up_mbps, statistics.current.frames.corrected], [null, 9]);
});

test('a round trip’s figure follows slowly, and outlives the relay’s statistics', async () => {
  const statistics = new Statistics();
  statistics.addRoundTrip(100);
  statistics.addRoundTrip(200);
  await statistics.add(relayStats(5), undefined, undefined);
  assert.equal(statistics.current.trip_ms, 115);
});

test('figures of a connection that has ended meanwhile are not told', async () => {
  const statistics = new Statistics();
  const measured = Promise.resolve({up: 1, down: 2, way: 30});
  const adding = statistics.add(relayStats(5), undefined, measured);
  statistics.reset();
  assert.equal(await adding, false);
  assert.equal(statistics.current.up_mbps, null);
});

/** A connection with these readings. */
const readings = (...all) => ({getStats: async () => new Map(Object.entries(all.shift()))});

test('the load is what has grown since the last reading', async () => {
  const at = (timestamp, sent, frames, shown) => ({
    T: {type: 'transport', timestamp, bytesSent: sent, bytesReceived: 2 * sent},
    P: {type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02},
    Q: {type: 'candidate-pair', nominated: false, currentRoundTripTime: 9},
    O: {type: 'outbound-rtp', kind: 'video', totalEncodeTime: frames * 0.005, framesEncoded: frames},
    A: {type: 'outbound-rtp', kind: 'audio', totalEncodeTime: 9},
    I: {type: 'inbound-rtp', kind: 'video', totalProcessingDelay: shown * 0.03, framesDecoded: shown},
  });
  const gauge = new Gauge(readings(at(1000, 0, 0, 0), at(2000, 125000, 30, 30), at(3000, 250000, 60, 30)));
  assert.equal(await gauge.read(), undefined);
  const {up, down, way} = await gauge.read();
  assert.deepEqual([up, down, Math.round(way)], [1, 2, 5 + 20 + 30]);
  assert.deepEqual(await gauge.read(), {up: 1, down: 2, way: null});
});

test('signs of life are what has grown, and sound is no sign of video', async () => {
  const sound = {type: 'inbound-rtp', kind: 'audio', packetsReceived: 1};
  const video = {type: 'inbound-rtp', kind: 'video', packetsReceived: 1};
  const vitals = new Liveness(readings(
    {}, {T: {type: 'transport', bytesReceived: 1}}, {T: {type: 'transport', bytesReceived: 1}, S: sound},
    {P: {type: 'candidate-pair', bytesReceived: 5}, S: {...sound, packetsReceived: 9}},
    {P: {type: 'candidate-pair', bytesReceived: 5}, V: video}, {P: {type: 'candidate-pair', bytesReceived: 5}, V: {...video, framesDecoded: 1}},
    {P: {type: 'candidate-pair', bytesReceived: 5}, V: {...video, framesDecoded: 1}},
  ));
  const signs = [];
  for (let reading = 0; reading < 7; reading += 1) {
    const {bytes, video: seen} = await vitals.read();
    signs.push(`${Number(bytes)}${Number(seen)}`);
  }
  assert.deepEqual(signs, ['00', '10', '00', '10', '01', '01', '00']);
});
