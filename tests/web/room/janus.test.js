/** A session and its handles, with a scripted Janus. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {JanusError, Session} from '../../../web/room/janus.js';
import {ScriptedJanus} from '../doubles/janus.js';
import {ScriptedPeer, install} from '../doubles/peer.js';
import {holdTime, settled} from '../doubles/waiting.js';

const ADDRESS = 'ws://janus.test/';
let janus, time, stopper;

beforeEach(() => {
  install();
  time = holdTime();
  stopper = new AbortController();
  janus = new ScriptedJanus({1234: {}, 5: {pin: '4711'}, 6: {publishers: 0}});
  globalThis.WebSocket = janus.WebSocket;
});
afterEach(() => mock.reset());

const open = () => Session.open(ADDRESS, stopper.signal);
const verbs = () => janus.asked.map((message) => message.janus);

/** The error that a promise rejects with. */
async function failure(promise) {
  const error = await promise.then(() => assert.fail('it did not fail'), (problem) => problem);
  assert.ok(error instanceof JanusError, String(error));
  return [error.code, error.lasting];
}

test('a session is opened by the protocol, used, and destroyed', async () => {
  const session = await open();
  const [socket] = janus.sockets;
  assert.deepEqual([socket.address, socket.protocol], [ADDRESS, 'janus-protocol']);
  const handle = await session.attach();
  const {data} = await handle.request({request: 'join', ptype: 'publisher', room: 1234});
  assert.equal(data.videoroom, 'joined');
  assert.ok(janus.asked.slice(1).every((message) => message.session_id), 'all but the first name their session');
  session.close();
  await settled();
  assert.equal(verbs().at(-1), 'destroy');
  assert.equal(janus.sockets.size, 0);
  assert.ok(session.signal.aborted);
});

for (const address of ['nowhere:', 'elsewhere', 'https://janus.test']) {
  test(`${address} is no address`, async () => {
    assert.deepEqual(await failure(Session.open(address, stopper.signal)), ['janus_address', true]);
  });
}

test('where nobody answers the call is over, and may be made again', async () => {
  janus.kill();
  assert.deepEqual(await failure(open()), ['janus_gone', false]);
});

test('a server that lets one in and then says nothing is not waited for long', async () => {
  janus.silent.add('create');
  const failed = failure(open());
  await time.pass(8000);
  assert.deepEqual(await failed, ['janus_gone', false]);
});

const join = {request: 'join', ptype: 'publisher', room: 1234};
for (const [body, code, lasting] of [
  [{...join, room: 99}, 'unknown_room', true],
  [{...join, room: 5}, 'wrong_pin', true],
  [{...join, room: 5, pin: '1'}, 'wrong_pin', true],
  [{...join, ptype: 'subscriber', streams: [{feed: 7}]}, 'unknown_feed', false],
]) {
  test(`a refusal is raised as what it is: ${code} for ${JSON.stringify(body)}`, async () => {
    const handle = await (await open()).attach();
    assert.deepEqual(await failure(handle.request(body)), [code, lasting]);
  });
}

test('a full room, and one that is named by a word, are told apart from other refusals', async () => {
  const handle = await (await open()).attach();
  await handle.request({...join, room: 6});
  assert.deepEqual(await failure(handle.request({request: 'publish'}, {type: 'offer', sdp: ''})), ['room_full', false]);
  janus.words = true;
  assert.deepEqual(await failure(handle.request(join)), ['invalid_element', true]);
});

test('a silent session is kept alive, and is over when that is not answered', async () => {
  const session = await open();
  await time.pass(35000);
  assert.equal(verbs().filter((verb) => verb === 'keepalive').length, 3);
  assert.ok(!session.signal.aborted);
  janus.silent.add('keepalive');
  await time.pass(18000);
  assert.ok(session.signal.aborted);
});

test('a session that Janus has forgotten is over', async () => {
  const session = await open();
  janus.forget();
  await settled();
  assert.ok(session.signal.aborted);
});

test('when Janus goes away, what was asked is answered with that', async () => {
  const session = await open();
  janus.silent.add('attach');
  const failed = failure(session.attach());
  await settled();
  janus.kill();
  assert.deepEqual(await failed, ['janus_gone', false]);
  assert.deepEqual(await failure(session.attach()), ['janus_gone', false]);
});

test('a session ends with whoever opened it', async () => {
  await open();
  stopper.abort();
  await settled();
  assert.equal(verbs().at(-1), 'destroy');
  assert.equal(janus.sockets.size, 0);
});

test('candidates are told as they are found, and their end', async () => {
  const handle = await (await open()).attach();
  const connection = handle.connect([{urls: 'turn:a'}]);
  assert.deepEqual(connection.configuration.iceServers, [{urls: 'turn:a'}]);
  connection.onicecandidate({candidate: {candidate: 'one'}});
  connection.onicecandidate({candidate: null});
  await settled();
  const told = janus.asked.filter(({janus: verb}) => verb === 'trickle').map(({candidate}) => candidate);
  assert.deepEqual(told, [{candidate: 'one'}, {completed: true}]);
});

test('a handle says when its connection has ended, whoever noticed', async () => {
  const [first, second] = [await open(), await open()];
  const handles = [await first.attach(), await second.attach()];
  const ended = [];
  handles.forEach((handle, index) => handle.addEventListener('hangup', () => ended.push(index)));
  handles[0].connect([]);
  ScriptedPeer.made[0].fail();
  await handles[1].request({...join, display: 'Ana'});
  await handles[1].request({request: 'publish', display: 'Ana'}, {type: 'offer', sdp: 'video:Ana'});
  janus.hangUp('Ana');
  await settled();
  assert.deepEqual(ended, [0, 1]);
});

test('a handle that is closed takes its connection along, and Janus lets go of it', async () => {
  const session = await open();
  const handle = await session.attach();
  const connection = handle.connect([]);
  handle.close();
  await settled();
  assert.equal(connection.connectionState, 'closed');
  assert.deepEqual(janus.asked.filter(({janus: verb}) => verb === 'detach').map((one) => one.handle_id), [handle.id]);
  const other = (await session.attach()).connect([]);
  session.close();
  assert.equal(other.connectionState, 'closed');
});
