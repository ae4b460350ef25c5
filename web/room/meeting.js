/**
 * Membership in a Janus room: joins, publishes, subscribes to all other publishers, and reconnects when Janus or the
 * network was lost. Knows nothing of the page, of cameras or of correction.
 *
 * @typedef {{phase: 'connecting' | 'waiting' | 'refused', error?: JanusError} | {phase: 'joined'}} MeetingState
 * @typedef {import('./publication.js').Offering} Offering
 */

import {delayBefore, pause} from '../client/connection/backoff.js';
import {JanusError, Session} from './janus.js';
import {Feed} from './feed.js';
import {Publication} from './publication.js';

const RESUBSCRIBE_MS = 1000;

/**
 * Fires `state` (detail: a MeetingState), `feed` (detail: a new Feed, which fires `end` when it ends) and `ours`
 * (detail: whether the feed that the relay publishes for this participant is in the room).
 */
export class Meeting extends EventTarget {
  #parts;
  #retrySignal = new EventTarget();
  #attempt = 0;
  /** @type {Session | undefined} */
  #session;
  /** The handle that has joined. @type {import('./janus.js').Handle | undefined} */
  #own;
  /** @type {Publication | undefined} */
  #publication;
  /** @type {Offering | null} */
  #offering = null;
  #display = '';
  /** All other publishers, subscribed to or not: id to display name. @type {Map<number | string, string>} */
  #publishers = new Map();
  /** @type {Map<number | string, Feed>} */
  #feeds = new Map();
  #privateId = 0;
  #joined = false;
  /** @type {RTCIceServer[]} */
  #servers = [];
  /** @type {Promise<unknown>} */
  #publishing = Promise.resolve();

  /**
   * @param {{janus: string | URL, room: number | string, pin: string, servers: () => Promise<RTCIceServer[]>,
   *   chooseName: (others: string[]) => string, ours: (display: string) => boolean}} parts chooseName: the own display
   *   name, given those of the others, called after each join; ours: whether the feed of this display name is this
   *   participant, published by the relay
   */
  constructor(parts) {
    super();
    this.#parts = parts;
  }

  /** Runs until the signal aborts, or the room refuses for good. @param {AbortSignal} signal */
  async run(signal) {
    window.addEventListener('online', () => this.retry(), {signal});
    while (!signal.aborted) {
      let error = new JanusError('janus_gone', 'The connection to the room was lost.');
      try {
        this.#notify({phase: 'connecting'});
        await this.#stay(signal);
      } catch (problem) {
        error = problem instanceof JanusError ? problem : new JanusError('janus_refused', String(problem));
      }
      this.#reset();
      if (signal.aborted) return;
      this.#notify({phase: error.lasting ? 'refused' : 'waiting', error});
      if (error.lasting) return;
      await pause(delayBefore(this.#attempt++), signal, this.#retrySignal).catch(() => {});
    }
  }

  /** Ends a wait for the next attempt. */
  retry() {
    this.#retrySignal.dispatchEvent(new Event('wake'));
  }

  /** Publishes these tracks from now on, or nothing. @param {Offering | null} offering */
  publish(offering) {
    const same = offering?.video === this.#offering?.video && offering?.audio === this.#offering?.audio;
    if (same) return this.#publishing;
    this.#offering = offering;
    return this.#applyOffering();
  }

  /** Changes the display name. */
  rename(/** @type {string} */ display) {
    if (display === this.#display) return;
    this.#display = display;
    if (this.#publication) this.#own?.request({request: 'configure', display}).catch(() => {});
  }

  /** Joins, and stays until the session ends. Raises JanusError. */
  async #stay(/** @type {AbortSignal} */ signal) {
    const session = this.#session = await Session.open(this.#parts.janus, signal);
    this.#servers = await this.#parts.servers();
    const own = this.#own = await session.attach();
    const ended = new Promise((resolve, reject) => {
      session.signal.addEventListener('abort', resolve);
      own.addEventListener('hangup', () => { if (this.#publication) resolve(undefined); });
      own.addEventListener('event', (event) => this.#onData(/** @type {CustomEvent} */ (event).detail.data, reject));
    });
    ended.catch(() => {});
    const {data} = await this.#join();
    this.#display = this.#parts.chooseName(data.publishers.map((/** @type {any} */ {display}) => display ?? ''));
    this.#privateId = data.private_id;
    this.#onData(data);
    if (![...this.#publishers.values()].some(this.#parts.ours)) this.#notifyOurs(false);
    await Promise.race([this.#applyOffering(), ended]);
    if (session.signal.aborted) return;
    this.#joined = true;
    this.#notify({phase: 'joined'});
    this.#attempt = 0;
    await ended;
  }

  /** A room id of digits is a number for Janus, unless it is configured with string ids. */
  async #join() {
    const {room, pin} = this.#parts;
    const request = {request: 'join', ptype: 'publisher', room, pin};
    try {
      return await /** @type {import('./janus.js').Handle} */ (this.#own).request(request);
    } catch (error) {
      const useString = error instanceof JanusError && error.code === 'invalid_element' && typeof room === 'number';
      if (!useString) throw error;
      this.#parts.room = String(room);
      return this.#join();
    }
  }

  /** Applies the current offering, after the changes before it. @returns {Promise<unknown>} */
  #applyOffering() {
    const session = this.#session;
    const step = this.#publishing.catch(() => {}).then(() => this.#publishNow());
    this.#publishing = step.catch((error) => {
      if (this.#joined) session?.close(); // while in the room: reconnect
      throw error;
    });
    this.#publishing.catch(() => {});
    return this.#publishing;
  }

  async #publishNow() {
    if (!this.#session || this.#session.signal.aborted || !this.#privateId) return;
    const [own, offering] = [/** @type {import('./janus.js').Handle} */ (this.#own), this.#offering];
    if (!offering) {
      const previous = this.#publication;
      this.#publication = undefined;
      await previous?.close();
    } else if (this.#publication) {
      await this.#publication.replace(offering);
    } else {
      this.#publication = new Publication(own, this.#servers);
      await this.#publication.publish(offering, () => this.#display);
    }
  }

  /** Handles data of the room. @param {any} data @param {(error: JanusError) => void} [refuse] */
  #onData(data, refuse = () => {}) {
    for (const {id, display} of data.publishers ?? []) this.#updatePublisher(id, display ?? '');
    if (data.display !== undefined && this.#publishers.has(data.id)) this.#updatePublisher(data.id, data.display);
    if (data.leaving === 'ok') refuse(new JanusError('removed', 'The room has removed this participant.', true));
    if (data.videoroom === 'destroyed') refuse(new JanusError('room_closed', 'The room was closed.', true));
    for (const id of [data.leaving, data.unpublished, data.kicked]) this.#removePublisher(id);
  }

  #updatePublisher(/** @type {number | string} */ id, /** @type {string} */ display) {
    this.#publishers.set(id, display);
    const feed = this.#feeds.get(id);
    if (this.#parts.ours(display)) this.#notifyOurs(true);
    else if (feed) feed.rename(display);
    else this.#subscribe(id, display);
  }

  #removePublisher(/** @type {number | string | undefined} */ id) {
    const display = id === undefined ? undefined : this.#publishers.get(id);
    if (id === undefined || display === undefined) return;
    this.#publishers.delete(id);
    this.#feeds.get(id)?.close();
    if (this.#parts.ours(display)) this.#notifyOurs(false);
  }

  #subscribe(/** @type {number | string} */ id, /** @type {string} */ display) {
    const [session, feed] = [/** @type {Session} */ (this.#session), new Feed(id, display)];
    this.#feeds.set(id, feed);
    feed.addEventListener('end', () => {
      if (this.#feeds.get(id) === feed) this.#feeds.delete(id);
      setTimeout(() => this.#resubscribe(session, id), RESUBSCRIBE_MS);
    });
    this.dispatchEvent(new CustomEvent('feed', {detail: feed}));
    const {room, pin} = this.#parts;
    feed.open(session, {room, pin, privateId: this.#privateId, iceServers: this.#servers}).catch(() => feed.close());
  }

  /** Subscribes again to a stream that has ended while its publisher is still in the room. */
  #resubscribe(/** @type {Session} */ session, /** @type {number | string} */ id) {
    const display = this.#publishers.get(id);
    if (session === this.#session && display !== undefined && !this.#feeds.has(id)) this.#updatePublisher(id, display);
  }

  #reset() {
    this.#session?.close();
    this.#publishing = Promise.resolve(); // requests on a closed connection are never answered
    this.#session = this.#own = this.#publication = undefined;
    this.#joined = false;
    this.#privateId = 0;
    this.#publishers.clear();
    for (const feed of [...this.#feeds.values()]) feed.close();
  }

  #notifyOurs(/** @type {boolean} */ present) {
    this.dispatchEvent(new CustomEvent('ours', {detail: present}));
  }

  #notify(/** @type {MeetingState} */ state) {
    this.dispatchEvent(new CustomEvent('state', {detail: state}));
  }
}
