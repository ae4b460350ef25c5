/** The relay's HTTP API: configuration, opening and ending a session. Knows nothing of media or of the page. */

import {AdaptiveTimeout} from './patience.js';
import {RelayError, explainCode} from './problem.js';
import {Token} from './token.js';

/** Timeout of a response, milliseconds; longer for a relay that has proved slow. */
const TIMEOUT_MS = 8000;

/** Statuses that a reverse proxy returns when the relay itself is unreachable. */
const GATEWAY_ERRORS = [502, 504];

/** Temporary refusals with a status below 500. */
const TEMPORARY = [408, 425, 429];

/**
 * @typedef {{version: string, iceServers: RTCIceServer[], defaults: unknown, guests?: boolean}} RelayConfig
 * @typedef {'video' | 'field'} Returns what the relay returns: video, or only the fields for correcting it
 * @typedef {{sdp: string, returns: Returns, settings: import('../settings.js').Correction, publish?: object}} Offer
 */

export class Relay {
  #base;
  #token;
  #timeout = new AdaptiveTimeout();

  /**
   * @param {string} [address] of the relay; defaults to the one that serves this library
   * @param {import('../../eyeline.d.ts').TokenSource} [token]
   */
  constructor(address, token) {
    const base = new URL(address || new URL('../..', import.meta.url), document.baseURI);
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    this.#base = base;
    this.#token = new Token(token);
  }

  /**
   * Reads the configuration. Obtains a guest token first where the relay gives them.
   * @returns {Promise<RelayConfig>}
   */
  async readConfig(/** @type {AbortSignal} */ signal) {
    await this.#token.prepare();
    const config = await this.#readConfig(signal);
    if (!config.guests || !this.#token.missing || this.#base.origin !== location.origin || this.#token.header.Authorization) {
      return config;
    }
    this.#token.useGuestTokens(() => this.#requestGuestToken(signal));
    await this.#token.prepare();
    return this.#readConfig(signal); // which contains more for an authorized client
  }

  /** Sends an offer; returns the answer, and the address for ending the session. */
  async open(/** @type {Offer} */ {sdp, returns, settings, publish}, /** @type {AbortSignal} */ signal) {
    const offer = {type: 'offer', sdp, settings, ...(returns === 'field' && {returns}), ...(publish && {publish})};
    const response = await this.#ask('api/sessions', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(offer),
    }, signal).catch((error) => { throw returns === 'field' ? asUnsupported(error) : error; });
    const answer = await response.json();
    this.#token.accept();
    return {sdp: /** @type {string} */ (answer.sdp), address: `api/sessions/${encodeURIComponent(answer.id)}`};
  }

  /**
   * Whether the relay is reachable and still knows the session. Has no timeout: a missing response does not mean no.
   */
  async knows(/** @type {string} */ address, /** @type {AbortSignal} */ signal) {
    try {
      await this.#fetch(address, {}, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof RelayError && !['unreachable', 'unknown_session'].includes(error.code);
    }
  }

  /** Ends a session; resolves when the relay has confirmed or cannot. An unknown session counts as ended. */
  async end(/** @type {string} */ address) {
    const request = {method: 'DELETE', keepalive: true, headers: this.#token.header};
    const answer = await fetch(this.#locate(address), request).catch(() => undefined);
    if (answer?.status === 401) this.abandon(address); // the token has expired; this endpoint needs none
  }

  /** Ends a session while the page unloads, when nothing can be awaited. A beacon carries no headers. */
  abandon(/** @type {string} */ address) {
    navigator.sendBeacon(this.#locate(`${address}/close`));
  }

  async #readConfig(/** @type {AbortSignal} */ signal) {
    const response = await this.#ask('api/config', {}, signal);
    const config = await response.json().catch(() => undefined);
    if (!Array.isArray(config?.iceServers)) throw new RelayError('not_a_relay', explainCode('not_a_relay'), {lasting: true});
    return config;
  }

  async #requestGuestToken(/** @type {AbortSignal} */ signal) {
    const requestedAt = performance.now();
    const response = await this.#ask('api/guest', {method: 'POST'}, signal);
    const {token, expires_in: seconds = Infinity} = await response.json();
    return {token, expires: requestedAt + 1000 * seconds};
  }

  #locate(/** @type {string} */ path) {
    return new URL(path, this.#base).href;
  }

  /** As #fetch(), with a timeout. @param {string} path @param {RequestInit} options @param {AbortSignal} signal */
  async #ask(path, options, signal) {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      this.#timeout.grow();
      limit.abort();
    }, this.#timeout.of(TIMEOUT_MS));
    try {
      return await this.#fetch(path, options, AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      signal.throwIfAborted();
      throw limit.signal.aborted ? new RelayError('unreachable', explainCode('unreachable')) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Returns a successful response; raises RelayError for any other.
   * @param {string} path
   * @param {RequestInit} options
   * @param {AbortSignal} signal
   */
  async #fetch(path, options, signal) {
    const headers = {...options.headers, ...this.#token.header};
    const response = await fetch(this.#locate(path), {cache: 'no-store', ...options, headers, signal}).catch(() => {
      signal.throwIfAborted();
      throw new RelayError('unreachable', explainCode('unreachable'));
    });
    if (!response.ok) throw await this.#refusal(response);
    return response;
  }

  async #refusal(/** @type {Response} */ response) {
    const {status} = response;
    const problem = await response.json().catch(() => ({}));
    const code = GATEWAY_ERRORS.includes(status) && problem.code === undefined ? 'unreachable' : problem.code ?? 'refused';
    const renewed = status === 401 && this.#token.refuse();
    const detail = problem.detail ?? explainCode(code, `The relay answered ${status}.`);
    return new RelayError(code, detail, {
      lasting: status < 500 && !TEMPORARY.includes(status) && !renewed,
      retryAfter: 1000 * Number(response.headers.get('Retry-After') ?? 0) || 0,
    });
  }
}

/** A relay without support for field return refuses the value as malformed. */
function asUnsupported(/** @type {unknown} */ error) {
  if (!(error instanceof RelayError) || error.code !== 'malformed') return error;
  return new RelayError('no_field_return', explainCode('no_field_return'), {lasting: true});
}
