/**
 * A browser's side of Janus' WebSocket API (subprotocol janus-protocol): a session that is kept alive, and handles of
 * its VideoRoom plugin, each of which carries one connection. Knows nothing of what is in a room, or of the page.
 *
 *   const session = await Session.open('wss://meet.example/janus', signal);
 *   const handle = await session.attach();
 *   const {data} = await handle.ask({request: 'join', ptype: 'publisher', room: 1234, display: 'Ana'});
 *   const connection = handle.connect(iceServers);   // an RTCPeerConnection whose candidates find their way
 */

const SUBPROTOCOL = 'janus-protocol';
const PLUGIN = 'janus.plugin.videoroom';

/** Until an answer is there. */
const PATIENCE_MS = 8000;

/** Janus forgets a session that says nothing for 60 s; a line that is dead is to be noticed much sooner. */
const KEEPALIVE_MS = 10000;

/** What the VideoRoom's error codes are called here, as far as anything can be done about them. @type {Record<number, string>} */
const CODES = {
  426: 'unknown_room', 428: 'unknown_feed', 430: 'invalid_element', 432: 'room_full', 433: 'wrong_pin',
};

/** Those that will not go away by asking again. */
const LASTING = ['unknown_room', 'wrong_pin', 'invalid_element'];

/** Janus cannot be reached, or refuses. `lasting`: asking again will not help. */
export class JanusError extends Error {
  /**
   * @param {string} code `janus_gone`, one of CODES, or `janus_refused`
   * @param {string} message
   * @param {boolean} lasting
   */
  constructor(code, message, lasting = false) {
    super(message);
    this.name = 'JanusError';
    this.code = code;
    this.lasting = lasting;
  }
}

/**
 * @typedef {{data: any, jsep?: RTCSessionDescriptionInit}} Event what the plugin says
 * @typedef {{resolve: (message: any) => void, reject: (error: Error) => void, atOnce: boolean}} Question
 */

/** One session. Ends with its signal, with close(), or when Janus goes away. */
export class Session {
  #socket;
  #over = new AbortController();
  /** @type {number | undefined} */
  #id;
  /** @type {Map<string, Question>} */
  #questions = new Map();
  /** @type {Map<number, Handle>} */
  #handles = new Map();

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({data}) => this.#hear(JSON.parse(data));
    socket.onclose = () => this.close();
  }

  /**
   * Opens one. Raises JanusError.
   * @param {string | URL} address ws: or wss:
   * @param {AbortSignal} signal
   */
  static async open(address, signal) {
    signal.throwIfAborted();
    const session = new Session(dial(address));
    signal.addEventListener('abort', () => session.close(), {signal: session.signal});
    await session.#opened();
    session.#id = (await session.ask({janus: 'create'})).data.id;
    session.#keepAlive();
    return session;
  }

  /** Aborts when the session has ended, from whichever side. */
  get signal() {
    return this.#over.signal;
  }

  /** A new handle of the VideoRoom. */
  async attach() {
    const {data} = await this.ask({janus: 'attach', plugin: PLUGIN});
    const handle = new Handle(this, data.id);
    this.#handles.set(data.id, handle);
    return handle;
  }

  /** Forgets a handle, and lets Janus forget it. @param {Handle} handle */
  detach(handle) {
    if (this.#handles.delete(handle.id)) this.ask({janus: 'detach', handle_id: handle.id}).catch(() => {});
  }

  /**
   * Sends a request and gives the answer. Raises JanusError.
   * @param {object} request
   * @param {boolean} atOnce content with Janus' word that it has the request
   * @returns {Promise<any>}
   */
  ask(request, atOnce = false) {
    const transaction = crypto.getRandomValues(new Uint32Array(2)).join('');
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) { reject(gone()); return; }
      const timer = setTimeout(() => settle(reject)(gone()), PATIENCE_MS);
      const settle = (/** @type {(value: any) => void} */ act) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        this.#questions.delete(transaction);
        act(value);
      };
      this.#questions.set(transaction, {resolve: settle(resolve), reject: settle(reject), atOnce});
      this.#socket.send(JSON.stringify({...request, transaction, session_id: this.#id}));
    });
  }

  /** Ends it; Janus lets go of everything in it. */
  close() {
    if (this.signal.aborted) return;
    if (this.#id && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({janus: 'destroy', session_id: this.#id, transaction: 'bye'}));
    }
    this.#socket.close();
    this.#over.abort();
    for (const {reject} of this.#questions.values()) reject(gone());
  }

  /** @returns {Promise<void>} */
  #opened() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.close(), PATIENCE_MS);
      this.signal.addEventListener('abort', () => { clearTimeout(timer); reject(gone()); });
      this.#socket.onopen = () => { clearTimeout(timer); resolve(); };
    });
  }

  #keepAlive() {
    const timer = setInterval(
      () => this.ask({janus: 'keepalive'}, true).catch(() => this.close()), KEEPALIVE_MS);
    this.signal.addEventListener('abort', () => clearInterval(timer));
  }

  #hear(/** @type {any} */ message) {
    const question = this.#questions.get(message.transaction);
    if (message.janus === 'ack') {
      if (question?.atOnce) question.resolve(message);
    } else if (question) {
      const error = refusal(message);
      if (error) question.reject(error); else question.resolve(message);
    } else if (message.janus === 'timeout') {
      this.close();
    } else {
      this.#handles.get(message.sender)?.hear(message);
    }
  }
}

/**
 * One handle of the VideoRoom. Fires `event` (a CustomEvent whose detail is an Event) for what the room says by
 * itself, and `hangup` when Janus or the network has ended its connection.
 */
export class Handle extends EventTarget {
  #session;
  /** @type {RTCPeerConnection | undefined} */
  #connection;

  /** @param {Session} session @param {number} id */
  constructor(session, id) {
    super();
    this.#session = session;
    this.id = id;
  }

  /**
   * Asks the room something. Raises JanusError.
   * @param {object} body
   * @param {RTCSessionDescriptionInit | null} [jsep]
   * @returns {Promise<Event>}
   */
  async ask(body, jsep) {
    const answer = await this.#session.ask({janus: 'message', handle_id: this.id, body, ...(jsep && {jsep})});
    return {data: answer.plugindata?.data ?? {}, jsep: answer.jsep};
  }

  /** The handle's connection; its candidates are told to Janus as they are found. @param {RTCIceServer[]} iceServers */
  connect(iceServers) {
    const connection = this.#connection = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    connection.onicecandidate = ({candidate}) => {
      const trickle = {janus: 'trickle', handle_id: this.id, candidate: candidate ?? {completed: true}};
      this.#session.ask(trickle, true).catch(() => {}); // one that does not arrive is one way less
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.dispatchEvent(new Event('hangup'));
    };
    this.#session.signal.addEventListener('abort', () => connection.close());
    return connection;
  }

  /** What Janus says to this handle. */
  hear(/** @type {any} */ {janus, plugindata, jsep}) {
    if (janus === 'hangup') this.dispatchEvent(new Event('hangup'));
    if (janus === 'event') this.dispatchEvent(new CustomEvent('event', {detail: {data: plugindata?.data ?? {}, jsep}}));
  }

  /** Ends it, and its connection. */
  close() {
    this.#connection?.close();
    this.#session.detach(this);
  }
}

/** @param {string | URL} address */
function dial(address) {
  try {
    if (!/^wss?:/.test(String(address))) throw new SyntaxError(`${address} is no address of a WebSocket`);
    return new WebSocket(address, SUBPROTOCOL);
  } catch (error) { // no address at all, or an insecure one on a secure page
    throw new JanusError('janus_address', String(error), true);
  }
}

/** The error in an answer, if it is one. @param {any} message @returns {JanusError | undefined} */
function refusal({janus, error, plugindata}) {
  if (janus === 'error') return new JanusError('janus_refused', error.reason);
  const {error_code: code, error: reason} = plugindata?.data ?? {};
  return code && new JanusError(CODES[code] ?? 'janus_refused', reason, LASTING.includes(CODES[code]));
}

function gone() {
  return new JanusError('janus_gone', 'Janus does not answer.');
}
