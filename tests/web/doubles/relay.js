/**
 * A relay behind fetch() and each scripted connection. It responds at once by default; `answers` false delays every
 * response until release(); `dead` refuses all requests and sends nothing.
 */

import {ScriptedConnection} from './connection.js';

export class ScriptedRelay {
  config = {version: '1', iceServers: [], defaults: {}};
  answers = true;
  dead = false;
  /** Whether connections are established by themselves, and pings are answered. */
  connects = true;
  pongs = true;
  requests = [];
  /** Open sessions. */
  sessions = new Set();
  #held = [];
  #count = 0;
  /** Error responses by path prefix: {status, body, headers}. */
  refusals = {};

  constructor() {
    globalThis.fetch = (address, options = {}) => this.#take(new URL(address), options);
    ScriptedConnection.all.length = 0;
  }

  /** Sends all delayed responses. */
  release() {
    this.answers = true;
    for (const answer of this.#held.splice(0)) answer();
  }

  /** The newest connection's message channel. */
  get channel() { return ScriptedConnection.latest.channel('eyeline'); }

  send(message) { this.channel.receive(message); }

  asked(method, beginning) {
    return this.requests.filter((one) => one.method === method && one.path.startsWith(beginning));
  }

  kill() {
    this.dead = true;
    this.sessions.clear();
  }

  async #take(address, {method = 'GET', headers = {}, body, signal}) {
    const request = {method, path: address.pathname, headers, body: body && JSON.parse(body)};
    this.requests.push(request);
    signal?.throwIfAborted();
    if (this.dead) throw new TypeError('connection refused');
    if (!this.answers) await this.#hold(signal);
    if (this.dead) throw new TypeError('connection reset');
    return this.#answer(request);
  }

  #hold(signal) {
    return new Promise((resolve, reject) => {
      this.#held.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }

  #answer({method, path}) {
    const refusal = Object.entries(this.refusals).find(([beginning]) => path.startsWith(beginning))?.[1];
    if (refusal) return reply(refusal.status, refusal.body, refusal.headers);
    if (path.endsWith('/api/config')) return reply(200, this.config);
    if (path.endsWith('/api/guest')) return reply(200, {token: 'guest', expires_in: 3600});
    if (method === 'POST') return reply(201, {id: this.#open(), sdp: 'answer'});
    const id = path.split('/').at(-1);
    if (!this.sessions.has(id)) return reply(404, {code: 'unknown_session', detail: 'gone'});
    if (method === 'DELETE') this.sessions.delete(id);
    return reply(method === 'DELETE' ? 204 : 200);
  }

  #open() {
    const id = `s${this.#count += 1}`;
    this.sessions.add(id);
    const connection = ScriptedConnection.latest;
    const channel = connection.channel('eyeline');
    channel.onsent = ({type, t}) => {
      if (type === 'ping' && this.pongs && !this.dead) queueMicrotask(() => channel.receive({type: 'pong', t}));
    };
    connection.onanswered = () => { if (this.connects) connection.connect(); };
    return id;
  }
}

function reply(status, body = undefined, headers = {}) {
  return new Response(body === undefined ? null : JSON.stringify(body), {status, headers});
}
