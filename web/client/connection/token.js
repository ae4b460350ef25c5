/**
 * Who asks: a token that was given, one that a function gives, or a guest's, which the relay itself gives to its own
 * pages. Knows nothing of what is asked.
 */

import {RelayError, explainCode} from './problem.js';

/** A guest asks for another token so long before the last one expires, milliseconds. */
const MARGIN_MS = 60_000;

/** New tokens that are refused in a row: then another one would be refused as well. */
const MAX_REFUSALS = 2;

export class Token {
  #source;
  #value = '';
  #expires = Infinity;
  #refused = 0;
  /** Gives a guest's token, once it is known that the relay gives any. @type {(() => Promise<{token: string, expires: number}>) | undefined} */
  #requestGuestToken;

  /** @param {import('../../eyeline.d.ts').TokenSource} [source] */
  constructor(source) {
    this.#source = source;
    if (typeof source === 'string') this.#value = source;
  }

  /** Whether nobody has given any. */
  get missing() {
    return this.#source === undefined;
  }

  /**
   * Without any token, this is asked for one.
   * @param {() => Promise<{token: string, expires: number}>} request expires: performance.now(), milliseconds
   */
  useGuestTokens(request) {
    this.#requestGuestToken = request;
  }

  /** What to ask with just now; empty for nothing. @returns {Record<string, string>} */
  get header() {
    return this.#value ? {Authorization: `Bearer ${this.#value}`} : {};
  }

  /** Has a token at hand that is worth asking with. Raises RelayError where none can be had. */
  async prepare() {
    if (this.#value && performance.now() < this.#expires) return;
    if (typeof this.#source === 'function') this.#value = await call(this.#source);
    if (this.missing && this.#requestGuestToken) {
      const {token, expires} = await this.#requestGuestToken();
      [this.#value, this.#expires] = [token, expires - MARGIN_MS];
    }
  }

  /** It was taken. */
  accept() {
    this.#refused = 0;
  }

  /** It was not. @returns {boolean} whether asking again may help, with another one */
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
