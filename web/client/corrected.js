/**
 * A corrected camera track until it is stopped: coordinates relay, local warping, tracks and settings, and fires the
 * library's events. Knows nothing of the page.
 */

import {Relay} from './connection/api.js';
import {Call} from './connection/call.js';
import {LocalCorrection} from './local-correction.js';
import {checkOptions, checkTrack} from './options.js';
import {Status} from './status.js';
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
 * Fires `state`, `settings`, `stats`, `meeting`, `message` and `config`, CustomEvents with details as in eyeline.d.ts.
 */
export class Corrected extends EventTarget {
  #abort = new AbortController();
  #statistics = new Statistics();
  #localCorrection = new LocalCorrection(() => this.#reconnect());
  #settings;
  #tracks;
  #status;
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
    this.track = tracks.video;
    this.#status = new Status(
      () => ({showing: tracks.showing, ended: tracks.cameraEnded}), (status) => this.#emit('state', status));
    tracks.addEventListener('showing', () => this.#updateStatus());
    tracks.addEventListener('ended', () => this.stop());
    this.#preparePlace();
    this.#call = new Call({
      relay: new Relay(relay, token), stream: tracks.stream, settings: this.#settings, publish,
      report: (state) => this.#onCallState(state), onMessage: (message) => this.#onMessage(message),
      onRoundTrip: (milliseconds) => this.#onRoundTrip(milliseconds), onConfig: (config) => this.#onConfig(config),
      frameCount: () => tracks.count, local: () => this.#localCorrection.acquire(),
    });
    window.addEventListener('pagehide', () => this.#call.peer?.abandon(), {signal: this.#abort.signal, capture: true});
    if (signal?.aborted) this.stop();
    else this.#call.run(this.#abort.signal);
    signal?.addEventListener('abort', () => this.stop(), {signal: this.#abort.signal});
  }

  /** In sync with the video; null until there is a microphone. */
  get audio() {
    return this.#tracks.audio;
  }

  get state() {
    return this.status.state;
  }

  get phase() {
    return this.status.phase;
  }

  get status() {
    return this.#status.status;
  }

  /** @returns {EyelineSettings} */
  get settings() {
    return this.#settings.settings;
  }

  /**
   * Changes the given settings. Throws TypeError for an unknown name or a value out of range.
   * @param {Partial<EyelineSettings>} settings
   */
  change(settings) {
    if (!this.#settings.change(settings)) return;
    this.#localCorrection.resetFailures();
    this.#reconnect();
  }

  /** Current statistics. @returns {Stats} */
  stats() {
    return {...this.#statistics.current, state: this.state, where: this.#settings.where, ...this.#tracks.stats()};
  }

  /** What was done to each frame in this browser since the last call; undefined if the relay warps. */
  spans() {
    return this.#localCorrection.local?.spans();
  }

  /** Switches to another camera. The previous one is not stopped. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    if (!this.#tracks.replaceCamera(camera)) return;
    this.#updateStatus();
    await this.#localCorrection.replaceCamera(camera);
    await this.#call.peer?.replace('video', camera);
  }

  /** Switches to another microphone, or to none. @param {MediaStreamTrack | null} microphone */
  async replaceMicrophone(microphone) {
    if (!this.#tracks.replaceMicrophone(microphone)) return;
    const agreed = await this.#call.peer?.replace('audio', microphone);
    if (agreed === false && microphone) this.#call.renew();
  }

  /** Sends the relay a message if connected. @param {object} message */
  say(message) {
    this.#call.peer?.send(message);
  }

  /** Retries the connection now, even after a refusal. */
  retry() {
    this.#localCorrection.resetFailures();
    if (!this.#localCorrection.local) this.#preparePlace();
    this.#call.retry();
  }

  /** Ends both tracks and the session. Camera and microphone are not stopped. */
  stop() {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#onDisconnected();
    this.#localCorrection.stop();
    this.#tracks.stop();
    this.#status.setPhase('stopped');
    this.#updateStatus();
  }

  /** Starts or stops local warping as the settings say. */
  #preparePlace() {
    if (this.#settings.where === 'here') this.#localCorrection.start(this.#tracks.camera);
    else this.#localCorrection.stop();
  }

  /** Reconnects with local warping started or stopped; meanwhile the camera's own frames are shown. */
  #reconnect() {
    this.#preparePlace();
    this.#call.renew();
  }

  /** @param {import('./connection/call.js').CallState} state */
  #onCallState(state) {
    if (this.#abort.signal.aborted) return;
    const before = this.#status.phase;
    this.#status.setPhase(state.phase, 'error' in state ? state.error : undefined);
    if ('peer' in state) this.#tracks.follow(state.peer.received);
    if (state.phase === 'live' && before !== 'quiet' && before !== 'live') this.#settings.connect((message) => this.say(message));
    if (!('peer' in state)) this.#onDisconnected();
    this.#updateStatus();
  }

  /** The connection has ended. */
  #onDisconnected() {
    this.#settings.disconnect();
    this.#statistics.reset();
    this.#tracks.follow(undefined);
  }

  #updateStatus() {
    this.#tracks.syncAudio();
    this.#status.update();
  }

  #onRoundTrip(/** @type {number} */ milliseconds) {
    this.#statistics.addRoundTrip(milliseconds);
    this.#localCorrection.local?.trip(milliseconds);
  }

  /** @param {import('./connection/api.js').RelayConfig} config */
  #onConfig(config) {
    this.#settings.adoptDefaults(config.defaults);
    this.#emit('config', config);
  }

  /** @param {any} message */
  #onMessage(message) {
    if (message.type === 'settings' || message.type === 'error') this.#updateSettings(message);
    if (message.type === 'draining') this.#tracks.follow(undefined);
    if (message.type === 'meeting') this.#emit('meeting', message);
    this.#emit('message', message);
    if (message.type === 'stats') this.#reportStats(message);
  }

  /** @param {{type: string}} message */
  #updateSettings(message) {
    if (this.#settings.receive(message)) this.#emit('settings', this.settings);
  }

  /** @param {import('../page/stats.js').Stats} stats of the relay */
  async #reportStats(stats) {
    const current = await this.#statistics.add(stats, this.#localCorrection.stats(), this.#call.peer?.measure());
    if (current && !this.#abort.signal.aborted) this.#emit('stats', this.stats());
  }

  #emit(/** @type {string} */ name, /** @type {unknown} */ detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}
