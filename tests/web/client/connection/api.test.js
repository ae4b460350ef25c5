/** HTTP requests to a relay, and the meaning of its responses. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, test} from 'node:test';

import '../../doubles/browser.js';
import {Clock, waitIdle} from '../../doubles/clock.js';
import '../../doubles/connection.js';
import {ScriptedRelay} from '../../doubles/relay.js';

const {Relay} = await import('../../../../web/client/connection/api.js');

const OFFER = {sdp: 'v=0', returns: 'video', settings: {}};
const ADDRESS = 'https://relay.test/below';
const never = new AbortController().signal;

let clock, server;

beforeEach(() => {
  clock = new Clock();
  server = new ScriptedRelay();
  new RTCPeerConnection().createDataChannel('eyeline'); // the relay's double expects one
});

afterEach(() => clock.stop());

/** The error of an attempt: [code, lasting, retryAfter]. */
const refusal = (attempt) => attempt.then(() => assert.fail('it went well'), ({code, lasting, retryAfter}) => [code, lasting, retryAfter]);
const authorizations = () => server.requests.map(({headers}) => headers.Authorization ?? '');

test('everything is asked below the relay’s own address', async () => {
  const relay = new Relay(ADDRESS);
  await relay.readConfig(never);
  const {sdp, address} = await relay.open({...OFFER, publish: {janus: 'main', room: 1}}, never);
  await relay.end(address);
  assert.equal(sdp, 'answer');
  assert.deepEqual(server.requests.map(({method, path}) => `${method} ${path}`), [
    'GET /below/api/config', 'POST /below/api/sessions', 'DELETE /below/api/sessions/s1',
  ]);
  assert.deepEqual(server.requests[1].body, {type: 'offer', sdp: 'v=0', settings: {}, publish: {janus: 'main', room: 1}});
});

for (const [status, body, headers, expected] of [
  [422, {code: 'unsupported_codec'}, {}, ['unsupported_codec', true, 0]],
  [503, {code: 'busy'}, {'Retry-After': '7'}, ['busy', false, 7000]],
  [429, {code: 'too_many_requests'}, {'Retry-After': '2'}, ['too_many_requests', false, 2000]],
  [408, {}, {}, ['refused', false, 0]],
  [425, {}, {}, ['refused', false, 0]],
  [403, {code: 'forbidden'}, {}, ['forbidden', true, 0]],
  [401, {code: 'unauthorized'}, {}, ['unauthorized', true, 0]],
  [502, undefined, {}, ['unreachable', false, 0]],
  [504, undefined, {}, ['unreachable', false, 0]],
  [502, {code: 'meeting_unreachable'}, {}, ['meeting_unreachable', false, 0]],
  [404, undefined, {}, ['refused', true, 0]],
  [500, undefined, {}, ['refused', false, 0]],
]) {
  test(`an answer of ${status} ${body?.code ?? ''} is ${expected[0]}, ${expected[1] ? 'for good' : 'for now'}`, async () => {
    server.refusals['/below/api/sessions'] = {status, body, headers};
    assert.deepEqual(await refusal(new Relay(ADDRESS).open(OFFER, never)), expected);
  });
}

test('the relay’s own sentence is told, or one that says what to do', async () => {
  const sentence = async (status, body) => {
    server.refusals['/below/api/sessions'] = {status, body};
    return new Relay(ADDRESS).open(OFFER, never).catch(({message}) => message);
  };
  assert.equal(await sentence(503, {code: 'busy', detail: 'the relay holds 8 sessions'}), 'the relay holds 8 sessions');
  assert.equal(await sentence(418, undefined), 'The relay answered 418.');
  assert.match(await sentence(502, undefined), /cannot be reached/);
});

test('a relay that does not know field return is an older one', async () => {
  server.refusals['/below/api/sessions'] = {status: 400, body: {code: 'malformed', detail: 'returns: unknown'}};
  const relay = new Relay(ADDRESS);
  assert.deepEqual(await refusal(relay.open({...OFFER, returns: 'field'}, never)), ['no_field_return', true, 0]);
  assert.deepEqual(await refusal(relay.open(OFFER, never)), ['malformed', true, 0]);
  assert.deepEqual(server.requests.map(({body}) => body.returns), ['field', undefined]);
});

test('an address without a relay is told from one that cannot be reached', async () => {
  server.config = {hello: 'world'};
  assert.deepEqual(await refusal(new Relay(ADDRESS).readConfig(never)), ['not_a_relay', true, 0]);
  server.dead = true;
  assert.deepEqual(await refusal(new Relay(ADDRESS).readConfig(never)), ['unreachable', false, 0]);
});

test('an answer that does not come is given up, later each time', async () => {
  server.answers = false;
  const relay = new Relay(ADDRESS);
  for (const seconds of [8, 16, 32, 64, 64]) {
    let found;
    refusal(relay.open(OFFER, never)).then(([code]) => { found = code; });
    await clock.pass(seconds - 0.1);
    assert.equal(found, undefined);
    await clock.pass(0.2);
    assert.equal(found, 'unreachable');
  }
});

test('whether a session is known: only a no is a no', async () => {
  const relay = new Relay(ADDRESS);
  const {address} = await relay.open(OFFER, never);
  assert.equal(await relay.knows(address, never), true);
  for (const [status, body, known] of [[429, {}, true], [500, {}, true], [404, {code: 'unknown_session'}, false], [502, undefined, false]]) {
    server.refusals['/below/api/sessions'] = {status, body};
    assert.equal(await relay.knows(address, never), known, String(status));
  }
  server.answers = false;
  let known;
  relay.knows(address, never).then((answer) => { known = answer; });
  await clock.pass(300);
  assert.equal(known, undefined, 'silence says nothing');
  server.kill();
  server.release();
  await waitIdle();
  assert.equal(known, false);
});

test('a call that is over asks nothing more', async () => {
  await assert.rejects(new Relay(ADDRESS).knows('api/sessions/x', AbortSignal.abort()), {name: 'AbortError'});
});

test('guests are given a token where the page is the relay’s own, and ask again with it', async () => {
  server.config.guests = true;
  await new Relay('https://meeting.test/').readConfig(never);
  assert.deepEqual(server.requests.map(({path}) => path), ['/api/config', '/api/guest', '/api/config']);
  assert.deepEqual(authorizations(), ['', '', 'Bearer guest']);
});

for (const [who, address, token] of [['of another site', 'https://relay.test/', undefined], ['with a token of their own', 'https://meeting.test/', 'mine']]) {
  test(`no guest's token is asked for by pages ${who}`, async () => {
    server.config.guests = true;
    await new Relay(address, token).readConfig(never);
    assert.equal(server.asked('POST', '/api/guest').length, 0);
  });
}

test('a session is ended by a beacon where the token has expired', async () => {
  const {beacons} = await import('../../doubles/browser.js');
  beacons.length = 0;
  server.refusals['/below/api/sessions'] = {status: 401, body: {}};
  await new Relay(ADDRESS, 'old').end('api/sessions/x');
  assert.deepEqual(beacons, ['https://relay.test/below/api/sessions/x/close']);
});
