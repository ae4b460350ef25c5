/**
 * A camera's track, corrected, for as long as it is wanted: what is asked of the relay and of this browser, and what is
 * told to whoever uses the library. Knows nothing of the page.
 */

import {Relay} from './connection/api.js';
import {Call} from './connection/call.js';
import {LocalCorrection} from './local-correction.js';
import {checkOptions, checkTrack} from './options.js';
import {Standing} from './status.js';
import {Statistics} from './statistics.js';
import {Tracks} from './tracks.js';
import {SyncedSettings} from './synced-settings.js';

/**
 * @typedef {import('../eyeline.d.ts').CorrectOptions} CorrectOptions
 * @typedef {import('../eyeline.d.ts').EyelineSettings} EyelineSettings
 * @typedef {import('../eyeline.d.ts').StateDetail} StateDetail
 * @typedef {import('../eyeline.d.ts').Stats} Stats
 */

/**
 * Fires `state`, `settings`, `stats`, `meeting`, `message` and `config`, CustomEvents with what eyeline.d.ts says as
 * their detail.
 */
export class Corrected extends EventTarget {
  #over = new AbortController();
  #statistics = new Statistics();
  #localCorrection = new LocalCorrection(() => this.#rebuild());
  #settings;
  #tracks;
  #standing;
  #call;

  /** @type {MediaStreamTrack} */
  track;

  /** @param {MediaStreamTrack} camera @param {CorrectOptions} [options] */
  constructor(camera, options = {}) {
    super();
    checkTrack(camera, 'video');
    checkOptions(options);
    const {relay, token, audio, publish, signal, route} = options;
    this.#settings = new SyncedSettings(options);
    const tracks = this.#tracks = new Tracks(camera, audio, route);
    this.track = tracks.picture;
    this.#standing = new Standing(
      () => ({showing: tracks.showing, ended: tracks.blind}), (status) => this.#fire('state', status));
    tracks.addEventListener('showing', () => this.#judge());
    tracks.addEventListener('ended', () => this.stop());
    this.#place();
    this.#call = new Call({
      relay: new Relay(relay, token), stream: tracks.stream, settings: this.#settings, publish,
      report: (state) => this.#follow(state), hear: (message) => this.#hear(message),
      trip: (milliseconds) => this.#trip(milliseconds), configured: (config) => this.#configure(config),
      pictures: () => tracks.count, local: () => this.#localCorrection.demand(),
    });
    window.addEventListener('pagehide', () => this.#call.peer?.abandon(), {signal: this.#over.signal, capture: true});
    if (signal?.aborted) this.stop();
    else this.#call.run(this.#over.signal);
    signal?.addEventListener('abort', () => this.stop(), {signal: this.#over.signal});
  }

  /** In step with the picture; null until there is a microphone. */
  get audio() {
    return this.#tracks.sound;
  }

  get state() {
    return this.status.state;
  }

  get phase() {
    return this.status.phase;
  }

  get status() {
    return this.#standing.status;
  }

  /** @returns {EyelineSettings} */
  get settings() {
    return this.#settings.settings;
  }

  /** Changes what is named. Throws TypeError for what is unknown or out of range. @param {Partial<EyelineSettings>} settings */
  change(settings) {
    if (!this.#settings.change(settings)) return;
    this.#localCorrection.resetFailures();
    this.#rebuild();
  }

  /** What happens now, in one object. @returns {Stats} */
  stats() {
    return {...this.#statistics.figures, state: this.state, where: this.#settings.where, ...this.#tracks.stats()};
  }

  /** What was done to each frame in this browser since this was last asked; nothing where the relay warps. */
  spans() {
    return this.#localCorrection.local?.spans();
  }

  /** Another camera from now on; its owner stops the former one. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    if (!this.#tracks.replaceCamera(camera)) return;
    this.#judge();
    await this.#localCorrection.follow(camera);
    await this.#call.peer?.replace('video', camera);
  }

  /** Another microphone from now on, or none. @param {MediaStreamTrack | null} microphone */
  async replaceMicrophone(microphone) {
    if (!this.#tracks.replaceMicrophone(microphone)) return;
    const agreed = await this.#call.peer?.replace('audio', microphone);
    if (agreed === false && microphone) this.#call.renew();
  }

  /** Sends the relay a message, if it is there. @param {object} message */
  say(message) {
    this.#call.peer?.say(message);
  }

  /** Asks the relay again now, whatever it said before. */
  retry() {
    this.#localCorrection.resetFailures();
    if (!this.#localCorrection.local) this.#place();
    this.#call.retry();
  }

  /** Ends both tracks and the session. Camera and microphone stay their owner's. */
  stop() {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#leave();
    this.#localCorrection.end();
    this.#tracks.stop();
    this.#standing.enter('stopped');
    this.#judge();
  }

  /** Gets ready to warp where it is wanted. */
  #place() {
    if (this.#settings.where === 'here') this.#localCorrection.begin(this.#tracks.camera);
    else this.#localCorrection.end();
  }

  /** Warps somewhere else from now on, or anew; meanwhile the camera's own picture is shown. */
  #rebuild() {
    this.#place();
    this.#call.renew();
  }

  /** @param {import('./connection/call.js').CallState} state */
  #follow(state) {
    if (this.#over.signal.aborted) return;
    const before = this.#standing.phase;
    this.#standing.enter(state.phase, 'error' in state ? state.error : undefined);
    if ('peer' in state) this.#tracks.follow(state.peer.received);
    if (state.phase === 'live' && before !== 'quiet' && before !== 'live') this.#settings.connect((message) => this.say(message));
    if (!('peer' in state)) this.#leave();
    this.#judge();
  }

  /** The relay is not there. */
  #leave() {
    this.#settings.disconnect();
    this.#statistics.forget();
    this.#tracks.follow(undefined);
  }

  #judge() {
    this.#tracks.accompany();
    this.#standing.judge();
  }

  #trip(/** @type {number} */ milliseconds) {
    this.#statistics.trip(milliseconds);
    this.#localCorrection.local?.trip(milliseconds);
  }

  /** @param {import('./connection/api.js').RelayConfig} config */
  #configure(config) {
    this.#settings.adoptDefaults(config.defaults);
    this.#fire('config', config);
  }

  /** @param {any} message */
  #hear(message) {
    if (message.type === 'settings' || message.type === 'error') this.#adopt(message);
    if (message.type === 'draining') this.#tracks.follow(undefined);
    if (message.type === 'meeting') this.#fire('meeting', message);
    this.#fire('message', message);
    if (message.type === 'stats') this.#tell(message);
  }

  /** @param {{type: string}} message */
  #adopt(message) {
    if (this.#settings.hear(message)) this.#fire('settings', this.settings);
  }

  /** @param {import('../page/stats.js').Stats} told by the relay */
  async #tell(told) {
    const current = await this.#statistics.add(told, this.#localCorrection.stats(), this.#call.peer?.measure());
    if (current && !this.#over.signal.aborted) this.#fire('stats', this.stats());
  }

  #fire(/** @type {string} */ name, /** @type {unknown} */ detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}
