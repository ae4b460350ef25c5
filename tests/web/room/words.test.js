/** The room page's texts, their order, where the room is, and the stored choices. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {loadChoices, storeChoices} from '../../../web/room/choices.js';
import {Notices} from '../../../web/room/notices.js';
import {findPlace, findServers, roomName, socketAddress} from '../../../web/room/place.js';
import {addMark, explain, readMark, uniqueName} from '../../../web/room/words.js';
import {element} from '../doubles/document.js';

beforeEach(() => {
  const kept = new Map();
  const localStorage = {getItem: (key) => kept.get(key) ?? null, setItem: kept.set.bind(kept)};
  globalThis.window = {localStorage};
});
afterEach(() => mock.restoreAll());

test('a name tells that eyes are turned', () => {
  assert.deepEqual(readMark(addMark('Kim')), {name: 'Kim', corrected: true});
  assert.deepEqual(readMark('Kim'), {name: 'Kim', corrected: false});
  assert.deepEqual(readMark(addMark('')), {name: 'Somebody', corrected: true});
});

test('two of one name are told apart, with or without the mark', () => {
  assert.equal(uniqueName('Kim', ['Ana', 'Kimberly']), 'Kim');
  assert.equal(uniqueName('Kim', [addMark('Kim')]), 'Kim 2');
  assert.equal(uniqueName('Kim', ['Kim', addMark('Kim 2')]), 'Kim 3');
});

for (const [code, title] of [
  ['unknown_room', 'There is no such room.'],
  ['wrong_pin', 'This room asks for a PIN.'],
  ['room_full', 'The room is full.'],
  ['janus_address', 'The meeting server’s address cannot be used.'],
  ['janus_gone', 'The meeting server cannot be reached.'],
  ['removed', 'You were removed from the room.'],
  ['lost', 'The connection to the relay was lost.'],
  ['no_camera', 'No camera was found.'],
  ['insecure', 'This page needs a secure address.'],
  ['soundless', 'You cannot be heard.'],
  ['something new', 'Your gaze is not corrected.'],
]) {
  test(`${code} is explained`, () => assert.equal(explain(code, 'the relay says').title, title));
}

test('what is not known is told in the relay’s own words, and a camera can be asked for again', () => {
  assert.match(explain('something new', 'the relay says').text, /^the relay says The others see your own picture/);
  assert.equal(explain('camera_busy').action, 'Try again');
});

test('of what is wrong the worst is shown, and then the next', () => {
  const box = element('div', {hidden: true});
  const notices = new Notices(box);
  const acts = [];
  const title = () => (box.hidden ? '' : box.querySelector('#notice-title').textContent);
  notices.set('relay', 'lost');
  notices.set('meeting', 'janus_gone', '', () => acts.push('again'));
  notices.set('camera', 'no_camera');
  assert.equal(title(), 'The meeting server cannot be reached.');
  box.querySelector('#notice-action').click();
  assert.deepEqual([acts, title()], [['again'], 'No camera was found.']);
  notices.set('camera', '');
  assert.equal(title(), 'The connection to the relay was lost.');
  notices.set('relay', '');
  assert.equal(title(), '');
});

test('the name and the switches are remembered, and nothing else', () => {
  assert.deepEqual(loadChoices(), {name: '', camera: true, microphone: true, correction: true});
  storeChoices({name: 'Kim', camera: false, microphone: true, correction: false, pin: '4711'});
  assert.deepEqual(loadChoices(), {name: 'Kim', camera: false, microphone: true, correction: false});
  assert.doesNotMatch(window.localStorage.getItem('eyeline.room'), /4711/);
});

for (const content of ['no JSON', 'null', '7', '{"name": 7, "camera": "yes"}']) {
  test(`what somebody else has stored is as if it were not there: ${content}`, () => {
    window.localStorage.setItem('eyeline.room', content);
    assert.deepEqual(loadChoices(), {name: '', camera: true, microphone: true, correction: true});
  });
}

test('a browser without storage forgets with the page', () => {
  Object.defineProperty(window, 'localStorage', {get: () => { throw new Error('SecurityError'); }});
  storeChoices({name: 'Kim', camera: true, microphone: true, correction: true});
  assert.equal(loadChoices().name, '');
});

/** The relay gives these answers; returns the list of requests. */
function answer(answers) {
  const requests = [];
  mock.method(globalThis, 'fetch', async (address, {method = 'GET', headers = {}}) => {
    requests.push([method, address, headers.Authorization].filter(Boolean).join(' '));
    const found = answers[address];
    if (!found) throw new TypeError('nobody there');
    return {ok: true, json: async () => (typeof found === 'function' ? found(headers) : found)};
  });
  return requests;
}

const page = (search = '', address = 'https://relay.test/room.html') => new URL(address + search);

test('the room is where the relay says', async () => {
  answer({'https://relay.test/api/config': {room: {janus: '/janus', room: '1234', pin: '1', meeting: 'main'}}});
  assert.deepEqual(await findPlace(page()), {
    relay: 'https://relay.test/', janus: 'wss://relay.test/janus', room: 1234, pin: '1', name: '', via: 'page', meeting: 'main',
  });
});

test('the address says it better than the relay', async () => {
  answer({'https://other.test/api/config': {room: {janus: '/janus', room: '1234'}, meetings: ['first']}});
  const query = '?relay=https://other.test&janus=wss://meet.test&room=tea&pin=2&name=Kim&via=relay';
  assert.deepEqual(await findPlace(page(query)), {
    relay: 'https://other.test/', janus: 'wss://meet.test', room: 'tea', pin: '2', name: 'Kim', via: 'relay', meeting: 'first',
  });
});

test('where the relay does not answer there is what the address says, and nothing else', async () => {
  answer({});
  const {janus, room, meeting} = await findPlace(page('?room=7'));
  assert.deepEqual([janus, room, meeting], ['', 7, '']);
});

test('addresses and rooms are read as Janus takes them', () => {
  assert.equal(socketAddress('/janus', page('', 'http://relay.test/')), 'ws://relay.test/janus');
  assert.equal(socketAddress(undefined, page()), '');
  assert.deepEqual(['0123', '9'.repeat(16), 'tea'].map(roomName), [123, '9'.repeat(16), 'tea']);
});

test('TURN servers are given to everybody, or to guests with a token of theirs', async () => {
  const iceServers = [{urls: 'turn:one'}];
  answer({'https://open.test/api/config': {iceServers}});
  assert.deepEqual(await findServers('https://open.test/'), iceServers);
  const requests = answer({
    'https://relay.test/api/config': ({Authorization}) => (Authorization === 'Bearer theirs' ? {iceServers} : {guests: true}),
    'https://relay.test/api/guest': {token: 'theirs'},
  });
  assert.deepEqual(await findServers('https://relay.test/'), iceServers);
  assert.deepEqual(requests[1], 'POST https://relay.test/api/guest');
  assert.deepEqual(await findServers('https://nobody.test/'), []);
});
