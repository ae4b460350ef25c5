/**
 * The token of requests: a fixed one, one from a function, or a guest token, which the relay issues to its own pages.
 * Knows nothing of the requests.
 */

import {RelayError, explainCode} from './problem.js';

/** A guest token is renewed this long before it expires, milliseconds. */
const MARGIN_MS = 60_000;

/** After this many refused tokens in a row a lasting error is assumed. */
const MAX_REFUSALS = 2;

export class Token {
  #source;
  #value = '';
  #expires = Infinity;
  #refused = 0;
  /**
   * Requests a guest token; set once the relay is known to issue them.
   * @type {(() => Promise<{token: string, expires: number}>) | undefined}
   */
  #requestGuestToken;

  /** @param {import('../../eyeline.d.ts').TokenSource} [source] */
  constructor(source) {
    this.#source = source;
    if (typeof source === 'string') this.#value = source;
  }

  /** Whether no source was given. */
  get missing() {
    return this.#source === undefined;
  }

  /**
   * Guest tokens are requested by this function if no source was given.
   * @param {() => Promise<{token: string, expires: number}>} request expires: performance.now(), milliseconds
   */
  useGuestTokens(request) {
    this.#requestGuestToken = request;
  }

  /** The current Authorization header; empty without a token. @returns {Record<string, string>} */
  get header() {
    return this.#value ? {Authorization: `Bearer ${this.#value}`} : {};
  }

  /** Obtains a valid token if needed. Raises RelayError if there is none. */
  async prepare() {
    if (this.#value && performance.now() < this.#expires) return;
    if (typeof this.#source === 'function') this.#value = await call(this.#source);
    if (this.missing && this.#requestGuestToken) {
      const {token, expires} = await this.#requestGuestToken();
      [this.#value, this.#expires] = [token, expires - MARGIN_MS];
    }
  }

  /** The token was accepted. */
  accept() {
    this.#refused = 0;
  }

  /** The token was refused. @returns {boolean} whether a retry with another one may help */
  refuse() {
    if (typeof this.#source === 'string' || this.missing && !this.#requestGuestToken) return false;
    if (this.#value) this.#refused += 1;
    this.#value = '';
    return this.#refused < MAX_REFUSALS;
  }
}

async function call(/** @type {() => string | Promise<string>} */ source) {
  const token = await Promise.resolve().then(source).catch(() => undefined);
  if (typeof token === 'string' && token) return token;
  throw new RelayError('no_token', explainCode('no_token'));
}
