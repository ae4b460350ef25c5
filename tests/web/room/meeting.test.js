/** Membership in a room of a scripted Janus: join, publish, rename, leave, and reconnect after Janus was lost. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Meeting} from '../../../web/room/meeting.js';
import {ScriptedJanus} from '../doubles/janus.js';
import {ScriptedPeer, ScriptedTrack, install} from '../doubles/peer.js';
import {holdTime, settled} from '../doubles/waiting.js';

let janus, time, people;

beforeEach(() => {
  install();
  time = holdTime();
  people = [];
  use(new ScriptedJanus({1234: {}, 5: {pin: '4711'}, 6: {publishers: 1}}));
  globalThis.window = new EventTarget();
});
afterEach(async () => {
  for (const one of people) one.stopper.abort();
  await settled();
  mock.reset();
});

function use(other) {
  janus = other;
  globalThis.WebSocket = janus.WebSocket;
}

/** A participant joins; `states`, `feeds` and `ours` record the meeting's events. */
function meet(name, {sends = false, ours = () => false, ...parts} = {}) {
  const one = {states: [], feeds: new Map(), ours: [], stopper: new AbortController()};
  one.meeting = new Meeting({
    janus: 'ws://janus.test', room: 1234, pin: '', servers: async () => [{urls: 'stun:one'}],
    chooseName: () => name, ours, ...parts,
  });
  one.meeting.addEventListener('state', ({detail: {phase, error}}) => one.states.push([phase, error?.code].join(' ').trim()));
  one.meeting.addEventListener('ours', ({detail}) => one.ours.push(detail));
  one.meeting.addEventListener('feed', ({detail}) => {
    one.feeds.set(detail.id, detail);
    detail.addEventListener('end', () => one.feeds.delete(detail.id));
  });
  if (sends) one.meeting.publish(camera(name));
  one.run = one.meeting.run(one.stopper.signal);
  people.push(one);
  return one;
}

const camera = (name) => ({video: new ScriptedTrack('video', name), audio: new ScriptedTrack('audio', name)});
const names = ({feeds}) => [...feeds.values()].map(({display}) => display).sort();
/** Labels of the video tracks that this participant receives. */
const pictures = ({feeds}) => [...feeds.values()].flatMap(({stream}) => stream.getVideoTracks().map(({label}) => label)).sort();

test('one is seen by the others under a name that can change', async () => {
  const one = meet('Ana', {sends: true});
  const two = meet('Ben');
  await settled();
  assert.deepEqual([names(two), pictures(two)], [['Ana'], ['Ana']]);
  assert.deepEqual(names(one), [], 'a participant who sends nothing has no feed');
  one.meeting.rename('Ana (eye contact)');
  await settled();
  const three = meet('Cid');
  await settled();
  for (const other of [two, three]) assert.deepEqual(names(other), ['Ana (eye contact)']);
});

test('the name is chosen among those who are there, at each joining', async () => {
  janus.seat('Kim');
  const asked = [];
  meet('', {sends: true, chooseName: (others) => { asked.push(others); return 'Kim 2'; }});
  await settled();
  assert.deepEqual([asked, janus.senders()], [[['Kim']], ['Kim', 'Kim 2']]);
});

test('who is named otherwise while the picture is still on its way comes under the new name', async () => {
  const one = meet('Ana', {sends: true});
  one.meeting.addEventListener('state', () => one.meeting.rename('Ada'));
  await settled();
  assert.deepEqual(janus.senders(), ['Ada']);
});

test('who stops sending or leaves is gone, and may come back', async () => {
  const [one, two] = [meet('Ana', {sends: true}), meet('Ben', {sends: true})];
  await settled();
  assert.deepEqual([names(one), names(two)], [['Ben'], ['Ana']]);
  one.meeting.publish(null);
  await settled();
  assert.deepEqual(names(two), []);
  one.meeting.publish(camera('again'));
  await settled();
  assert.deepEqual(pictures(two), ['again']);
  assert.deepEqual(one.states, ['connecting', 'joined'], 'without leaving the room');
  one.stopper.abort();
  await settled();
  assert.deepEqual(names(two), []);
});

test('another track takes the place of the one before, without a new connection', async () => {
  const one = meet('Ana', {sends: true});
  await settled();
  const made = ScriptedPeer.made.length;
  const {video, audio} = camera('other');
  await one.meeting.publish({video, audio});
  assert.equal(ScriptedPeer.made.length, made);
  assert.deepEqual(ScriptedPeer.made[0].senders.map(({track}) => track), [video, audio]);
  assert.equal(ScriptedPeer.made[0].senders[0].parameters.degradationPreference, 'maintain-resolution');
});

test('without a microphone there is a line for one, so that it can come later', async () => {
  const one = meet('Ana');
  await settled();
  const {video, audio} = camera('Ana');
  await one.meeting.publish({video, audio: null});
  const [, line] = ScriptedPeer.made[0].senders;
  assert.deepEqual([line.kind, line.track], ['audio', null]);
  await one.meeting.publish({video, audio});
  assert.equal(line.track, audio);
});

test('a stream that breaks is fetched again, one that cannot be had too, and neither ends the stay', async () => {
  janus.seat('Ana');
  const one = meet('Ben');
  await settled();
  const [first] = one.feeds.values();
  janus.silent.add('start');
  janus.breakWatching('Ana');
  await settled();
  assert.deepEqual(names(one), []);
  await time.pass(1000); // subscribed again, without an answer
  assert.deepEqual(names(one), ['Ana']);
  await time.pass(8000);
  assert.deepEqual(names(one), []);
  janus.silent.clear();
  await time.pass(1000);
  assert.deepEqual(pictures(one), ['Ana']);
  assert.notEqual([...one.feeds.values()][0], first);
  assert.deepEqual(one.states, ['connecting', 'joined']);
});

test('another track just when the line breaks does not keep the next stay from being seen', async () => {
  const [one, two] = [meet('Ana', {sends: true}), meet('Ben')];
  await settled();
  one.meeting.publish(camera('again'));
  janus.hangUp('Ana');
  await time.pass(3000);
  assert.deepEqual(one.states, ['connecting', 'joined', 'waiting janus_gone', 'connecting', 'joined']);
  assert.deepEqual([names(two), pictures(two)], [['Ana'], ['again']]);
});

test('an offer of somebody who begins to send sound is answered, and the track is the newest', async () => {
  const ana = janus.seat('Ana', 'video:first');
  const one = meet('Ben');
  await settled();
  ana.offer('video:second audio:first');
  await settled();
  const [{stream}] = one.feeds.values();
  assert.deepEqual(stream.getTracks().map(({label}) => label).sort(), ['first', 'second']);
  assert.equal(janus.requests('start').length, 2);
});

test('somebody who is put out is gone for the others, and stays out', async () => {
  const [one, two] = [meet('Ana', {sends: true}), meet('Ben')];
  await settled();
  janus.kick('Ana');
  await settled();
  assert.deepEqual(names(two), []);
  assert.equal(one.states.at(-1), 'refused removed');
  const asked = janus.asked.length;
  await time.pass(5000);
  assert.deepEqual(names(two), []);
  assert.equal(janus.asked.length, asked, 'no request after removal');
});

test('a room that is closed is over for everybody', async () => {
  const one = meet('Ana', {sends: true});
  await settled();
  janus.destroy(1234);
  await one.run;
  assert.equal(one.states.at(-1), 'refused room_closed');
});

test('everybody is back when Janus is', async () => {
  const [one, two] = [meet('Ana', {sends: true}), meet('Ben', {sends: true})];
  await settled();
  janus.kill();
  await settled();
  assert.deepEqual([names(one), names(two)], [[], []]);
  assert.equal(one.states.at(-1), 'waiting janus_gone');
  await time.pass(10000);
  assert.equal(one.states.at(-1), 'waiting janus_gone');
  janus.start();
  await time.pass(4000);
  assert.deepEqual([names(one), names(two)], [['Ben'], ['Ana']]);
  assert.deepEqual([pictures(one), pictures(two)], [['Ben'], ['Ana']]);
  assert.equal(one.states.at(-1), 'joined');
});

for (const [how, act] of [
  ['by the person', (one) => one.meeting.retry()],
  ['by the network', () => window.dispatchEvent(new Event('online'))],
]) {
  test(`a wait is cut short ${how}`, async () => {
    const one = meet('Ana');
    await settled();
    janus.kill();
    await settled();
    janus.start();
    act(one);
    await settled();
    assert.equal(one.states.at(-1), 'joined');
  });
}

test('a picture that breaks on its way in is published from the start', async () => {
  const one = meet('Ana', {sends: true});
  await settled();
  ScriptedPeer.made[0].fail();
  await time.pass(1000);
  assert.deepEqual(one.states, ['connecting', 'joined', 'waiting janus_gone', 'connecting', 'joined']);
  assert.deepEqual(janus.senders(), ['Ana']);
});

for (const [parts, end] of [
  [{room: 99}, 'refused unknown_room'],
  [{room: 5}, 'refused wrong_pin'],
  [{room: 5, pin: '1'}, 'refused wrong_pin'],
  [{room: 5, pin: '4711'}, 'joined'],
  [{janus: 'nowhere:'}, 'refused janus_address'],
]) {
  test(`what Janus answers is told: ${end} for ${JSON.stringify(parts)}`, async () => {
    const one = meet('Ana', parts);
    await time.pass(50);
    assert.deepEqual(one.states, ['connecting', end]);
  });
}

test('a full room is asked again', async () => {
  const one = meet('Ana', {room: 6, sends: true});
  await settled();
  const two = meet('Ben', {room: 6, sends: true});
  await settled();
  assert.equal(two.states.at(-1), 'waiting room_full');
  one.stopper.abort();
  await time.pass(4000);
  assert.equal(two.states.at(-1), 'joined');
});

test('a room may be named by a word, also one of digits', async () => {
  use(new ScriptedJanus({tea: {}, 7: {}}, {words: true}));
  const [one, two] = [meet('Ana', {room: 'tea'}), meet('Ben', {room: 7})];
  await settled();
  assert.deepEqual([one.states.at(-1), two.states.at(-1)], ['joined', 'joined']);
});

test('what the relay publishes for this person is no other one, and its coming and going is told', async () => {
  const mine = janus.seat('Ana (eye contact)');
  janus.seat('Ben');
  const one = meet('Ana', {ours: (display) => display === 'Ana (eye contact)'});
  await settled();
  assert.deepEqual([names(one), one.ours], [['Ben'], [true]]);
  mine.unpublish();
  await settled();
  mine.publish();
  await settled();
  mine.leave();
  await settled();
  assert.deepEqual(one.ours, [true, false, true, false]);
  const two = meet('Cid', {ours: (display) => display === 'Cid (eye contact)'});
  await settled();
  assert.deepEqual(two.ours, [false]);
});
