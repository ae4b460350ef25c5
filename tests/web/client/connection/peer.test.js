/** Opening, using and closing one connection; the browser's part is scripted. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import {Stream, Track, beacons} from '../../doubles/browser.js';
import {Clock, waitIdle} from '../../doubles/clock.js';
import {ScriptedConnection} from '../../doubles/connection.js';
import {ScriptedRelay} from '../../doubles/relay.js';

const {Relay} = await import('../../../../web/client/connection/api.js');
const {AdaptiveTimeout} = await import('../../../../web/client/connection/patience.js');
const {Peer} = await import('../../../../web/client/connection/peer.js');

const REQUEST = {settings: {strength: 100}};

let clock, relay, timeout, stream, abort;

beforeEach(() => {
  clock = new Clock();
  relay = new ScriptedRelay();
  timeout = new AdaptiveTimeout();
  stream = new Stream([new Track(), new Track('audio')]);
  abort = new AbortController();
  ScriptedConnection.quick = true;
});

afterEach(() => clock.stop());

const make = (local) => new Peer(new Relay('https://relay.test/'), [{urls: 'stun:x'}], timeout, local);
const connection = () => ScriptedConnection.latest;
const offers = () => relay.asked('POST', '/api/sessions');

/** The outcome of opening: '', or the error's code or name. */
function outcome(peer) {
  const result = {};
  peer.open(stream, REQUEST, abort.signal).then(() => { result.is = ''; }, ({code, name}) => { result.is = typeof code === 'string' ? code : name; });
  return result;
}

async function connected() {
  const peer = make();
  await peer.open(stream, REQUEST, abort.signal);
  return peer;
}

test('camera and microphone are offered, size before frames, and what comes back is at hand', async () => {
  const peer = await connected();
  assert.deepEqual(connection().getSenders().map(({track}) => track), stream.getTracks());
  assert.equal(connection().getSenders()[0].parameters.degradationPreference, 'maintain-resolution');
  assert.deepEqual(connection().configuration.iceServers, [{urls: 'stun:x'}]);
  const {type, sdp, settings, returns} = offers()[0].body;
  assert.deepEqual([type, settings, returns], ['offer', REQUEST.settings, undefined]);
  assert.match(sdp, /a=candidate/);
  const back = new Track();
  connection().ontrack({track: back});
  assert.deepEqual(peer.received.getTracks(), [back]);
});

test('messages are told, and others are sent only while the channel is open', async () => {
  const peer = make();
  const messages = [];
  peer.addEventListener('message', ({detail}) => messages.push(detail));
  peer.send({type: 'too soon'});
  await peer.open(stream, REQUEST, abort.signal);
  peer.send({type: 'trace'});
  relay.send({type: 'stats'});
  assert.deepEqual([relay.channel.sent, messages], [[{type: 'trace'}], [{type: 'stats'}]]);
});

test('an offer waits for all candidates, for two seconds once there is one, and longer for the first', async () => {
  ScriptedConnection.quick = false;
  outcome(make());
  await clock.pass(1);
  connection().gather({complete: true});
  await waitIdle();
  assert.equal(offers().length, 1, 'all are there');

  outcome(make());
  await waitIdle();
  connection().gather();
  await clock.pass(1.9);
  assert.equal(offers().length, 1);
  await clock.pass(0.3);
  assert.equal(offers().length, 2, 'one is there');

  outcome(make());
  await clock.pass(6);
  assert.equal(offers().length, 2, 'a slow machine has found none yet');
  connection().gather();
  await clock.pass(0.2);
  assert.equal(offers().length, 3);

  outcome(make());
  await clock.pass(9.9);
  assert.equal(offers().length, 3);
  await clock.pass(0.3);
  assert.equal(offers().length, 4, 'there may be none at all');
});

test('a connection that stands still is given up after ten seconds, and more time is given to the next', async () => {
  relay.connects = false;
  const first = outcome(make());
  await clock.pass(9.8);
  assert.equal(first.is, undefined);
  await clock.pass(0.7);
  assert.equal(first.is, 'no_media');
  const second = outcome(make());
  await clock.pass(19);
  assert.equal(second.is, undefined);
  await clock.pass(2);
  assert.equal(second.is, 'no_media');
});

for (const [what, step] of [
  ['its state moves on', (at) => connection().enter(at % 16 ? 'connecting' : 'checking')],
  ['bytes arrive', () => { connection().counts.bytes += 1; }],
]) {
  test(`a connection is waited for as long as ${what}`, async () => {
    relay.connects = false;
    const opening = outcome(make());
    for (let at = 0; at < 80; at += 8) {
      await clock.pass(8);
      step(at);
    }
    assert.equal(opening.is, undefined);
    connection().connect();
    await waitIdle();
    assert.equal(opening.is, '');
    const {waiting} = clock;
    await clock.pass(1);
    assert.deepEqual([waiting, clock.waiting], [0, 0], 'nothing goes on waiting');
  });
}

test('a connection that fails ends at once', async () => {
  relay.connects = false;
  const peer = make();
  const opening = outcome(peer);
  await waitIdle();
  connection().enter('failed');
  await waitIdle();
  assert.deepEqual([opening.is, peer.signal.aborted], ['no_media', true]);
});

test('hanging up stops what is sent at once, and the connection when the relay has messages of it', async () => {
  const peer = await connected();
  const ends = [];
  peer.addEventListener('end', () => ends.push('end'));
  relay.answers = false;
  peer.end();
  peer.end();
  assert.deepEqual(ends, ['end']);
  assert.deepEqual(connection().getSenders().map(({track}) => track), [null, null]);
  await clock.pass(60);
  assert.equal(connection().connectionState, 'connected', 'its end would be taken for a mishap');
  relay.release();
  await waitIdle();
  assert.equal(connection().connectionState, 'closed');
  assert.equal(relay.asked('DELETE', '/api/sessions/s1').length, 1);
});

test('a farewell that goes astray holds nothing once nobody is there', async () => {
  const peer = await connected();
  relay.answers = false;
  peer.end();
  connection().enter('failed');
  await waitIdle();
  assert.equal(connection().connectionState, 'closed');
});

test('a session whose answer comes after the end is ended all the same', async () => {
  relay.answers = false;
  const peer = make();
  const opening = outcome(peer);
  await waitIdle();
  peer.end();
  assert.equal(connection().connectionState, 'new');
  relay.release();
  await waitIdle();
  assert.deepEqual([opening.is, connection().connectionState, [...relay.sessions]], ['AbortError', 'closed', []]);
});

test('a page that is left sends a beacon, once', async () => {
  const peer = await connected();
  beacons.length = 0;
  peer.abandon();
  peer.abandon();
  assert.deepEqual(beacons, ['https://relay.test/api/sessions/s1/close']);
  assert.equal(relay.asked('DELETE', '').length, 0);
});

test('the relay’s end of the channel is the connection’s end', async () => {
  const peer = await connected();
  relay.channel.close();
  assert.equal(peer.signal.aborted, true);
  assert.equal(await peer.measure(), undefined);
});

test('another camera or microphone is sent without negotiating, where its kind was agreed on', async () => {
  stream = new Stream([new Track()]);
  const peer = await connected();
  const other = new Track();
  assert.equal(await peer.replace('video', other), true);
  assert.equal(connection().getSenders()[0].track, other);
  assert.equal(await peer.replace('audio', new Track('audio')), false);
});

test('where this browser warps a small copy goes and packets come, the newest alone', async () => {
  const received = [];
  const local = {
    track: new Track(), upload: new Track(), receive: (data) => received.push(data),
    prepareSender: async (sender) => { local.prepared = sender.track; },
  };
  const peer = make(local);
  await peer.open(stream, REQUEST, abort.signal);
  assert.deepEqual([local.prepared, peer.received.getTracks()], [local.upload, [local.track]]);
  assert.equal(offers()[0].body.returns, 'field');
  const fields = connection().channel('fields');
  assert.deepEqual(fields.options, {ordered: false, maxRetransmits: 0});
  const packet = new ArrayBuffer(4);
  fields.receive(packet);
  assert.deepEqual([peer.packets, received], [1, [packet]]);
  assert.equal(await peer.replace('audio', null), true, 'no sound is sent');
});
