/**
 * Being in a Janus room: joins, publishes what there is to publish, subscribes to everybody else, and does it all again
 * when Janus or the network was gone. Knows nothing of the page, of cameras or of correction.
 *
 * @typedef {{phase: 'connecting' | 'waiting' | 'refused', error?: JanusError} | {phase: 'joined'}} MeetingState
 * @typedef {import('./publication.js').Offering} Offering
 */

import {delayBefore, pause} from '../client/connection/backoff.js';
import {JanusError, Session} from './janus.js';
import {Feed} from './feed.js';
import {Publication} from './publication.js';

const AGAIN_MS = 1000;

/**
 * Fires `state` (detail: a MeetingState), `feed` (detail: a Feed that has just come; it fires `end` when it goes) and
 * `ours` (detail: whether what the relay publishes for us has come or gone).
 */
export class Meeting extends EventTarget {
  #parts;
  #wake = new EventTarget();
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
  /** Everybody else who sends, whether subscribed to or not, id to name. @type {Map<number | string, string>} */
  #present = new Map();
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
   *   call: (others: string[]) => string, ours: (display: string) => boolean}} parts call: the display name, given
   *   those of the others, asked for each time the room has been joined; ours: whether somebody so called is this very
   *   person, published by the relay
   */
  constructor(parts) {
    super();
    this.#parts = parts;
  }

  /** Runs until the signal aborts, or until the room will not have us. @param {AbortSignal} signal */
  async run(signal) {
    window.addEventListener('online', () => this.retry(), {signal});
    while (!signal.aborted) {
      let error = new JanusError('janus_gone', 'The connection to the room was lost.');
      try {
        this.#tell({phase: 'connecting'});
        await this.#attend(signal);
      } catch (problem) {
        error = problem instanceof JanusError ? problem : new JanusError('janus_refused', String(problem));
      }
      this.#forget();
      if (signal.aborted) return;
      this.#tell({phase: error.lasting ? 'refused' : 'waiting', error});
      if (error.lasting) return;
      await pause(delayBefore(this.#attempt++), signal, this.#wake).catch(() => {});
    }
  }

  /** Cuts a wait short. */
  retry() {
    this.#wake.dispatchEvent(new Event('wake'));
  }

  /** Shows the others these tracks from now on, or nothing. @param {Offering | null} offering */
  publish(offering) {
    const same = offering?.video === this.#offering?.video && offering?.audio === this.#offering?.audio;
    if (same) return this.#publishing;
    this.#offering = offering;
    return this.#settle();
  }

  /** Is called this from now on. */
  rename(/** @type {string} */ display) {
    if (display === this.#display) return;
    this.#display = display;
    if (this.#publication) this.#own?.ask({request: 'configure', display}).catch(() => {});
  }

  /** From joining to the end of it. Raises JanusError. */
  async #attend(/** @type {AbortSignal} */ signal) {
    const session = this.#session = await Session.open(this.#parts.janus, signal);
    this.#servers = await this.#parts.servers();
    const own = this.#own = await session.attach();
    const over = new Promise((resolve, reject) => {
      session.signal.addEventListener('abort', resolve);
      own.addEventListener('hangup', () => { if (this.#publication) resolve(undefined); });
      own.addEventListener('event', (event) => this.#follow(/** @type {CustomEvent} */ (event).detail.data, reject));
    });
    over.catch(() => {});
    const {data} = await this.#join();
    this.#display = this.#parts.call(data.publishers.map((/** @type {any} */ {display}) => display ?? ''));
    this.#privateId = data.private_id;
    this.#follow(data);
    if (![...this.#present.values()].some(this.#parts.ours)) this.#tellOurs(false);
    await Promise.race([this.#settle(), over]);
    if (session.signal.aborted) return;
    this.#joined = true;
    this.#tell({phase: 'joined'});
    this.#attempt = 0;
    await over;
  }

  /** A room's name of digits alone is a number for Janus, unless it was told to take all names as words. */
  async #join() {
    const {room, pin} = this.#parts;
    const request = {request: 'join', ptype: 'publisher', room, pin};
    try {
      return await /** @type {import('./janus.js').Handle} */ (this.#own).ask(request);
    } catch (error) {
      const askForWord = error instanceof JanusError && error.code === 'invalid_element' && typeof room === 'number';
      if (!askForWord) throw error;
      this.#parts.room = String(room);
      return this.#join();
    }
  }

  /** Brings what is published in line with what is to be, one change after the other. @returns {Promise<unknown>} */
  #settle() {
    const session = this.#session;
    const step = this.#publishing.catch(() => {}).then(() => this.#publishNow());
    this.#publishing = step.catch((error) => {
      if (this.#joined) session?.close(); // in the middle of a stay: from the start again
      throw error;
    });
    this.#publishing.catch(() => {});
    return this.#publishing;
  }

  async #publishNow() {
    if (!this.#session || this.#session.signal.aborted || !this.#privateId) return;
    const [own, offering] = [/** @type {import('./janus.js').Handle} */ (this.#own), this.#offering];
    if (!offering) {
      const former = this.#publication;
      this.#publication = undefined;
      await former?.end();
    } else if (this.#publication) {
      await this.#publication.replace(offering);
    } else {
      this.#publication = new Publication(own, this.#servers);
      await this.#publication.begin(offering, () => this.#display);
    }
  }

  /** What the room says. @param {any} data @param {(error: JanusError) => void} [refuse] */
  #follow(data, refuse = () => {}) {
    for (const {id, display} of data.publishers ?? []) this.#consider(id, display ?? '');
    if (data.display !== undefined && this.#present.has(data.id)) this.#consider(data.id, data.display);
    if (data.leaving === 'ok') refuse(new JanusError('removed', 'The room has put this person out.', true));
    if (data.videoroom === 'destroyed') refuse(new JanusError('room_closed', 'The room was closed.', true));
    for (const id of [data.leaving, data.unpublished, data.kicked]) this.#lose(id);
  }

  #consider(/** @type {number | string} */ id, /** @type {string} */ display) {
    this.#present.set(id, display);
    const feed = this.#feeds.get(id);
    if (this.#parts.ours(display)) this.#tellOurs(true);
    else if (feed) feed.rename(display);
    else this.#subscribe(id, display);
  }

  #lose(/** @type {number | string | undefined} */ id) {
    const display = id === undefined ? undefined : this.#present.get(id);
    if (id === undefined || display === undefined) return;
    this.#present.delete(id);
    this.#feeds.get(id)?.close();
    if (this.#parts.ours(display)) this.#tellOurs(false);
  }

  #subscribe(/** @type {number | string} */ id, /** @type {string} */ display) {
    const [session, feed] = [/** @type {Session} */ (this.#session), new Feed(id, display)];
    this.#feeds.set(id, feed);
    feed.addEventListener('end', () => {
      if (this.#feeds.get(id) === feed) this.#feeds.delete(id);
      setTimeout(() => this.#renew(session, id), AGAIN_MS);
    });
    this.dispatchEvent(new CustomEvent('feed', {detail: feed}));
    const {room, pin} = this.#parts;
    feed.open(session, {room, pin, privateId: this.#privateId, iceServers: this.#servers}).catch(() => feed.close());
  }

  /** A stream that broke though its sender is still there is subscribed to again. */
  #renew(/** @type {Session} */ session, /** @type {number | string} */ id) {
    const display = this.#present.get(id);
    if (session === this.#session && display !== undefined && !this.#feeds.has(id)) this.#consider(id, display);
  }

  #forget() {
    this.#session?.close();
    this.#publishing = Promise.resolve(); // what a closed connection was asked for is never answered
    this.#session = this.#own = this.#publication = undefined;
    this.#joined = false;
    this.#privateId = 0;
    this.#present.clear();
    for (const feed of [...this.#feeds.values()]) feed.close();
  }

  #tellOurs(/** @type {boolean} */ present) {
    this.dispatchEvent(new CustomEvent('ours', {detail: present}));
  }

  #tell(/** @type {MeetingState} */ state) {
    this.dispatchEvent(new CustomEvent('state', {detail: state}));
  }
}
