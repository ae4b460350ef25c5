/**
 * A simulated Janus: sessions, handles and rooms of its VideoRoom, behind a double of WebSocket. Its messages are those
 * of tests/vectors/janus.json, which tests/servers/test_dialogue.py compares with a real Janus.
 *
 *   const janus = new ScriptedJanus({1234: {}, 5: {pin: '4711'}});
 *   globalThis.WebSocket = janus.WebSocket;
 */

import {readFileSync} from 'node:fs';

const WORDS = JSON.parse(readFileSync(new URL('../../vectors/janus.json', import.meta.url), 'utf8'));

export class ScriptedJanus {
  sockets = new Set();
  /** All messages received, in order. */
  asked = [];
  /** Messages and requests of these names get no response. */
  silent = new Set();
  up = true;
  #next = 100;
  #participants = new Map();

  /** @param {Record<string, {pin?: string, publishers?: number}>} rooms */
  constructor(rooms = {1234: {}}, {words = false} = {}) {
    this.rooms = rooms;
    this.words = words;
    const janus = this;
    this.WebSocket = class extends ScriptedSocket {
      constructor(address, protocol) { super(janus, address, protocol); }
    };
  }

  /** The bodies of all VideoRoom requests of this name. */
  requests(request) {
    return this.asked.map(({body}) => body).filter((body) => body?.request === request);
  }

  /** Names of a room's publishers. */
  senders(room = 1234) {
    return this.#in(room).filter(({sdp}) => sdp).map(({display}) => display).sort();
  }

  /** Adds a participant without a browser who publishes. */
  seat(display, sdp = `video:${display} audio:${display}`, room = 1234) {
    const person = {id: this.#next++, room, display, sdp, hear: () => {}};
    this.#participants.set(person.id, person);
    this.#publish(person, sdp);
    return {
      rename: (name) => this.#rename(person, name),
      unpublish: () => this.#unpublish(person),
      publish: () => this.#publish(person, sdp),
      leave: () => this.#leave(person),
      offer: (changed) => this.#offer(person, changed),
    };
  }

  /** A participant is kicked by the room's administrator. */
  kick(display) {
    const person = this.#called(display);
    this.#participants.delete(person.id);
    person.hear('event', say('events', 'put_out', person));
    this.#notifyOthers(person, 'kicked');
  }

  destroy(room) {
    for (const person of this.#in(room)) person.hear('event', say('events', 'destroyed', person));
    delete this.rooms[room];
  }

  /** The connections of this participant's subscribers hang up. */
  breakWatching(display) {
    for (const {watching, hear} of this.#participants.values()) if (watching?.display === display) hear('hangup');
  }

  /** This participant's own connection hangs up. */
  hangUp(display) {
    this.#called(display).hear('hangup');
  }

  /** The sessions time out, as they do after a minute without a message. */
  forget() {
    for (const socket of this.sockets) socket.deliver({janus: 'timeout', session_id: 1});
  }

  kill() {
    this.up = false;
    this.#participants.clear();
    for (const socket of [...this.sockets]) socket.end();
  }

  start() {
    this.up = true;
  }

  /** @param {ScriptedSocket} socket @param {any} message */
  hear(socket, message) {
    this.asked.push(message);
    if (this.silent.has(message.janus) || this.silent.has(message.body?.request)) return;
    const answer = (rest) => socket.deliver({transaction: message.transaction, ...rest});
    if (['create', 'attach'].includes(message.janus)) answer({janus: 'success', data: {id: this.#next++}});
    if (['keepalive', 'trickle'].includes(message.janus)) answer({janus: 'ack'});
    if (message.janus === 'detach') this.#lose(socket, message.handle_id);
    if (message.janus === 'destroy') this.drop(socket);
    if (message.janus !== 'message') return;
    answer({janus: 'ack'});
    const {data, jsep} = this.#handleRequest(socket, message);
    answer({janus: 'event', sender: message.handle_id, plugindata: {data}, ...(jsep && {jsep})});
  }

  /** A socket was closed: its participants leave. */
  drop(socket) {
    for (const person of [...this.#participants.values()]) if (person.socket === socket) this.#leave(person);
  }

  #handleRequest(socket, {handle_id: handle, body, jsep}) {
    if (body.request === 'join') return this.#join(socket, handle, body);
    const person = [...this.#participants.values()].find((one) => one.socket === socket && one.handle === handle);
    if (body.request === 'configure') this.#rename(person, body.display);
    if (body.request === 'unpublish') this.#unpublish(person);
    if (body.request === 'publish') {
      const {publishers = Infinity} = this.rooms[person.room];
      if (this.senders(person.room).length >= publishers) return {data: say('refusals', 'room_full')};
      person.display = body.display ?? person.display;
      this.#publish(person, jsep.sdp);
    }
    return {data: say('answers', body.request, person), jsep: jsep?.type === 'offer' && {type: 'answer', sdp: ''}};
  }

  #join(socket, handle, {ptype, room, pin, display, streams}) {
    if (this.words && typeof room === 'number') return {data: say('refusals', 'invalid_element')};
    if (!this.rooms[room]) return {data: say('refusals', 'unknown_room')};
    if ((this.rooms[room].pin ?? '') !== (pin ?? '')) return {data: say('refusals', 'wrong_pin')};
    const person = {id: this.#next++, room, display, socket, handle, hear: (janus, data, jsep) => {
      socket.deliver({janus, sender: handle, ...(data && {plugindata: {data}}), ...(jsep && {jsep})});
    }};
    if (ptype === 'subscriber') return this.#subscribe(person, streams[0].feed);
    const others = this.#in(room).filter(({sdp}) => sdp);
    this.#participants.set(person.id, person);
    const data = say('answers', 'joined', {...person, privateId: this.#next++});
    return {data: {...data, publishers: others.map(({id, display: name}) => ({id, display: name}))}};
  }

  #subscribe(person, feed) {
    const watching = this.#participants.get(feed);
    if (!watching?.sdp) return {data: say('refusals', 'unknown_feed')};
    this.#participants.set(person.id, {...person, watching});
    return {data: say('answers', 'subscribed', person), jsep: {type: 'offer', sdp: watching.sdp}};
  }

  #offer(person, sdp) {
    for (const {watching, hear} of this.#participants.values()) {
      if (watching === person) hear('event', {videoroom: 'updated'}, {type: 'offer', sdp});
    }
  }

  #rename(person, display) {
    person.display = display;
    this.#notifyOthers(person, 'renamed');
  }

  #publish(person, sdp) {
    person.sdp = sdp;
    this.#notifyOthers(person, 'published');
  }

  #unpublish(person) {
    person.sdp = undefined;
    this.#notifyOthers(person, 'unpublished');
    person.hear('hangup');
  }

  #leave(person) {
    this.#participants.delete(person.id);
    if (!person.watching) this.#notifyOthers(person, 'left');
  }

  #lose(socket, handle) {
    for (const person of [...this.#participants.values()]) {
      if (person.socket === socket && person.handle === handle) this.#leave(person);
    }
  }

  #notifyOthers(person, event) {
    for (const other of this.#in(person.room)) if (other !== person) other.hear('event', say('events', event, person));
  }

  #in(room) {
    return [...this.#participants.values()].filter((one) => String(one.room) === String(room) && !one.watching);
  }

  #called(display) {
    return [...this.#participants.values()].find((one) => one.display === display && !one.watching);
  }
}

/** A connection to it. Everything is delivered asynchronously, in the next microtask. */
class ScriptedSocket {
  static OPEN = 1;
  readyState = 0;

  constructor(janus, address, protocol) {
    new URL(address); // as a real one, raises SyntaxError or TypeError
    Object.assign(this, {janus, address, protocol});
    queueMicrotask(() => {
      if (!janus.up) { this.end(); return; }
      this.readyState = 1;
      janus.sockets.add(this);
      this.onopen?.();
    });
  }

  send(text) {
    if (this.readyState !== 1) throw new Error('InvalidStateError');
    queueMicrotask(() => this.janus.hear(this, JSON.parse(text)));
  }

  deliver(message) {
    queueMicrotask(() => { if (this.readyState === 1) this.onmessage?.({data: JSON.stringify(message)}); });
  }

  close() {
    queueMicrotask(() => this.end());
  }

  end() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.janus.sockets.delete(this);
    this.janus.drop(this);
    this.onclose?.();
  }
}

/** A message of Janus about a participant. */
function say(kind, name, {id, room, display, privateId} = {}) {
  const names = {ID: id, ROOM: room, NAME: display, PRIVATE: privateId};
  return JSON.parse(JSON.stringify(WORDS[kind][name], (_, value) => names[value] ?? value));
}
