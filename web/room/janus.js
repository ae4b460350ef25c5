/**
 * A client of Janus' WebSocket API (subprotocol janus-protocol): a session that is kept alive, and handles of the
 * VideoRoom plugin, each with one peer connection. Knows nothing of who is in a room, or of the page.
 *
 *   const session = await Session.open('wss://meet.example/janus', signal);
 *   const handle = await session.attach();
 *   const {data} = await handle.request({request: 'join', ptype: 'publisher', room: 1234, display: 'Ana'});
 *   const connection = handle.connect(iceServers);   // an RTCPeerConnection whose candidates are trickled
 */

const SUBPROTOCOL = 'janus-protocol';
const PLUGIN = 'janus.plugin.videoroom';

/** Timeout for an answer. */
const TIMEOUT_MS = 8000;

/** Janus ends a session after 60 s without a message; a dead connection has to be detected much sooner. */
const KEEPALIVE_MS = 10000;

/** Names of those VideoRoom error codes that are handled. @type {Record<number, string>} */
const CODES = {
  426: 'unknown_room', 428: 'unknown_feed', 430: 'invalid_element', 432: 'room_full', 433: 'wrong_pin',
};

/** Errors for which a retry does not help. */
const LASTING = ['unknown_room', 'wrong_pin', 'invalid_element'];

/** Janus cannot be reached, or refuses a request. `lasting`: a retry does not help. */
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
 * @typedef {{data: any, jsep?: RTCSessionDescriptionInit}} Event of the plugin
 * @typedef {{resolve: (message: any) => void, reject: (error: Error) => void, ackOnly: boolean}} PendingRequest
 */

/** One session. Ends by its signal, by close(), or when the connection to Janus is lost. */
export class Session {
  #socket;
  #ended = new AbortController();
  /** @type {number | undefined} */
  #id;
  /** @type {Map<string, PendingRequest>} */
  #pending = new Map();
  /** @type {Map<number, Handle>} */
  #handles = new Map();

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({data}) => this.#onMessage(JSON.parse(data));
    socket.onclose = () => this.close();
  }

  /**
   * Opens one. Raises JanusError.
   * @param {string | URL} address ws: or wss:
   * @param {AbortSignal} signal
   */
  static async open(address, signal) {
    signal.throwIfAborted();
    const session = new Session(openSocket(address));
    signal.addEventListener('abort', () => session.close(), {signal: session.signal});
    await session.#waitOpen();
    session.#id = (await session.request({janus: 'create'})).data.id;
    session.#keepAlive();
    return session;
  }

  /** Aborts when the session has ended, from either side. */
  get signal() {
    return this.#ended.signal;
  }

  /** Attaches a new handle of the VideoRoom. */
  async attach() {
    const {data} = await this.request({janus: 'attach', plugin: PLUGIN});
    const handle = new Handle(this, data.id);
    this.#handles.set(data.id, handle);
    return handle;
  }

  /** Detaches a handle. @param {Handle} handle */
  detach(handle) {
    if (this.#handles.delete(handle.id)) this.request({janus: 'detach', handle_id: handle.id}).catch(() => {});
  }

  /**
   * Sends a request and returns the answer. Raises JanusError.
   * @param {object} request
   * @param {boolean} ackOnly resolve with Janus' acknowledgement
   * @returns {Promise<any>}
   */
  request(request, ackOnly = false) {
    const transaction = crypto.getRandomValues(new Uint32Array(2)).join('');
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) { reject(goneError()); return; }
      const timer = setTimeout(() => settle(reject)(goneError()), TIMEOUT_MS);
      const settle = (/** @type {(value: any) => void} */ act) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        this.#pending.delete(transaction);
        act(value);
      };
      this.#pending.set(transaction, {resolve: settle(resolve), reject: settle(reject), ackOnly});
      this.#socket.send(JSON.stringify({...request, transaction, session_id: this.#id}));
    });
  }

  /** Destroys the session with all its handles. */
  close() {
    if (this.signal.aborted) return;
    if (this.#id && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({janus: 'destroy', session_id: this.#id, transaction: 'destroy'}));
    }
    this.#socket.close();
    this.#ended.abort();
    for (const {reject} of this.#pending.values()) reject(goneError());
  }

  /** @returns {Promise<void>} */
  #waitOpen() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.close(), TIMEOUT_MS);
      this.signal.addEventListener('abort', () => { clearTimeout(timer); reject(goneError()); });
      this.#socket.onopen = () => { clearTimeout(timer); resolve(); };
    });
  }

  #keepAlive() {
    const timer = setInterval(
      () => this.request({janus: 'keepalive'}, true).catch(() => this.close()), KEEPALIVE_MS);
    this.signal.addEventListener('abort', () => clearInterval(timer));
  }

  #onMessage(/** @type {any} */ message) {
    const pending = this.#pending.get(message.transaction);
    if (message.janus === 'ack') {
      if (pending?.ackOnly) pending.resolve(message);
    } else if (pending) {
      const error = errorOf(message);
      if (error) pending.reject(error); else pending.resolve(message);
    } else if (message.janus === 'timeout') {
      this.close();
    } else {
      this.#handles.get(message.sender)?.handleMessage(message);
    }
  }
}

/**
 * One handle of the VideoRoom. Fires `event` (a CustomEvent whose detail is an Event) for asynchronous events of the
 * room, and `hangup` when Janus or the network has ended its connection.
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
   * Sends a request to the room. Raises JanusError.
   * @param {object} body
   * @param {RTCSessionDescriptionInit | null} [jsep]
   * @returns {Promise<Event>}
   */
  async request(body, jsep) {
    const answer = await this.#session.request({janus: 'message', handle_id: this.id, body, ...(jsep && {jsep})});
    return {data: answer.plugindata?.data ?? {}, jsep: answer.jsep};
  }

  /** Creates the peer connection; its candidates are trickled to Janus. @param {RTCIceServer[]} iceServers */
  connect(iceServers) {
    const connection = this.#connection = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    connection.onicecandidate = ({candidate}) => {
      const trickle = {janus: 'trickle', handle_id: this.id, candidate: candidate ?? {completed: true}};
      this.#session.request(trickle, true).catch(() => {}); // a lost candidate is not fatal
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.dispatchEvent(new Event('hangup'));
    };
    this.#session.signal.addEventListener('abort', () => connection.close());
    return connection;
  }

  /** Handles a message for this handle. */
  handleMessage(/** @type {any} */ {janus, plugindata, jsep}) {
    if (janus === 'hangup') this.dispatchEvent(new Event('hangup'));
    if (janus === 'event') this.dispatchEvent(new CustomEvent('event', {detail: {data: plugindata?.data ?? {}, jsep}}));
  }

  /** Closes the connection and detaches the handle. */
  close() {
    this.#connection?.close();
    this.#session.detach(this);
  }
}

/** @param {string | URL} address */
function openSocket(address) {
  try {
    if (!/^wss?:/.test(String(address))) throw new SyntaxError(`${address} is not a WebSocket address`);
    return new WebSocket(address, SUBPROTOCOL);
  } catch (error) { // malformed, or insecure on a secure page
    throw new JanusError('janus_address', String(error), true);
  }
}

/** The error in an answer, if there is one. @param {any} message @returns {JanusError | undefined} */
function errorOf({janus, error, plugindata}) {
  if (janus === 'error') return new JanusError('janus_refused', error.reason);
  const {error_code: code, error: reason} = plugindata?.data ?? {};
  return code && new JanusError(CODES[code] ?? 'janus_refused', reason, LASTING.includes(CODES[code]));
}

function goneError() {
  return new JanusError('janus_gone', 'Janus does not answer.');
}
