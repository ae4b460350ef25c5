/**
 * A camera's track, corrected, for as long as it is wanted: what is asked of the relay and of this browser, and what is
 * told to whoever uses the library. Knows nothing of the page.
 */

import {Account} from './account.js';
import {Relay} from './api.js';
import {Call} from './call.js';
import {CorrectionLine} from './correction.js';
import {Here} from './here.js';
import {checkChange, checkOptions, checkPlace, checkTrack, settingsOf} from './options.js';
import {Output} from './output.js';
import {Settings} from './settings.js';
import {Sound} from './sound.js';
import {BEGINNING, same, standingOf} from './standing.js';
import {nothingYet, statsOf} from './summary.js';

/**
 * @typedef {import('./eyeline.d.ts').CorrectOptions} CorrectOptions
 * @typedef {import('./eyeline.d.ts').EyelineSettings} EyelineSettings
 * @typedef {import('./eyeline.d.ts').StateDetail} StateDetail
 * @typedef {import('./eyeline.d.ts').Stats} Stats
 */

/** Settings last as long as this page; who wants more keeps them himself. */
const FORGETFUL = {getItem: () => null, setItem: () => {}};

/** How fast a round trip's figure follows; single ones jump about. */
const EASE = 0.15;

/**
 * Fires `state`, `settings`, `stats`, `meeting`, `message` and `config`, CustomEvents with what eyeline.d.ts says as
 * their detail.
 */
export class Corrected extends EventTarget {
  #over = new AbortController();
  #wishes = new Settings(FORGETFUL);
  #line = new CorrectionLine(this.#wishes);
  #account = new Account();
  #here = new Here(() => this.#rebuild());
  #stream = new MediaStream();
  #camera;
  #output;
  #call;
  #publish;
  /** @type {Sound | undefined} */
  #sound;
  /** @type {import('./eyeline.d.ts').Phase} */
  #phase = 'connecting';
  /** @type {import('./problem.js').RelayError | undefined} */
  #error;
  #status = BEGINNING;
  #figures = nothingYet();

  /** @type {MediaStreamTrack} */
  track;

  /** @param {MediaStreamTrack} camera @param {CorrectOptions} [options] */
  constructor(camera, options = {}) {
    super();
    checkTrack(camera, 'video');
    checkOptions(options);
    const {relay, token, audio, publish, signal, route} = options;
    this.#publish = publish;
    this.#camera = camera;
    this.#wishes.change(settingsOf(options));
    this.#output = new Output(camera, route);
    this.track = this.#output.track;
    this.#output.addEventListener('showing', () => this.#judge());
    this.#output.addEventListener('ended', () => this.stop());
    this.#hold(camera);
    if (audio) this.#listenTo(audio);
    this.#place();
    this.#call = new Call({
      relay: new Relay(relay, token), stream: this.#stream, settings: this.#wishes, publish,
      report: (state) => this.#follow(state), hear: (message) => this.#hear(message),
      trip: (milliseconds) => this.#trip(milliseconds), configured: (config) => this.#configure(config),
      pictures: () => this.#output.count, local: () => this.#here.demand(),
    });
    window.addEventListener('pagehide', () => this.#call.peer?.abandon(), {signal: this.#over.signal, capture: true});
    if (signal?.aborted) this.stop();
    else this.#call.run(this.#over.signal);
    signal?.addEventListener('abort', () => this.stop(), {signal: this.#over.signal});
  }

  /** In step with the picture; null until there is a microphone. */
  get audio() {
    return this.#sound?.track ?? null;
  }

  get state() {
    return this.#status.state;
  }

  get phase() {
    return this.#status.phase;
  }

  get status() {
    return this.#status;
  }

  /** @returns {EyelineSettings} */
  get settings() {
    return {...this.#wishes.correction, where: this.#wishes.all.where};
  }

  /** Changes what is named. Throws TypeError for what is unknown or out of range. @param {Partial<EyelineSettings>} settings */
  change(settings) {
    const accepted = checkChange(settings);
    checkPlace(this.#publish, accepted.where);
    const before = this.#wishes.all.where;
    this.#wishes.change(accepted);
    if (this.#wishes.all.where === before) return;
    this.#here.forgive();
    this.#rebuild();
  }

  /** What happens now, in one object. @returns {Stats} */
  stats() {
    const track = this.#output.frames;
    const {where} = this.#wishes.all;
    return {...this.#figures, state: this.state, where, track, sound: this.#sound?.state ?? null};
  }

  /** What was done to each frame in this browser since this was last asked; nothing where the relay warps. */
  spans() {
    return this.#here.local?.spans();
  }

  /** Another camera from now on; its owner stops the former one. */
  async replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    checkTrack(camera, 'video');
    if (this.#over.signal.aborted || camera === this.#camera) return;
    this.#stream.removeTrack(this.#camera);
    this.#camera = camera;
    this.#hold(camera);
    this.#output.replaceCamera(camera);
    this.#judge();
    await this.#here.follow(camera);
    await this.#call.peer?.replace('video', camera);
  }

  /** Another microphone from now on, or none. @param {MediaStreamTrack | null} microphone */
  async replaceMicrophone(microphone) {
    if (microphone) checkTrack(microphone, 'audio');
    if (this.#over.signal.aborted) return;
    this.#listenTo(microphone);
    const agreed = await this.#call.peer?.replace('audio', microphone);
    if (agreed === false && microphone) this.#call.renew();
  }

  /** Sends the relay a message, if it is there. @param {object} message */
  say(message) {
    this.#call.peer?.say(message);
  }

  /** Asks the relay again now, whatever it said before. */
  retry() {
    this.#here.forgive();
    if (!this.#here.local) this.#place();
    this.#call.retry();
  }

  /** Ends both tracks and the session. Camera and microphone stay their owner's. */
  stop() {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#leave();
    this.#here.end();
    this.#output.stop();
    this.#sound?.stop();
    this.#phase = 'stopped';
    this.#judge();
  }

  #hold(/** @type {MediaStreamTrack} */ camera) {
    this.#stream.addTrack(camera);
    camera.addEventListener('ended', () => this.#judge(), {signal: this.#over.signal});
  }

  #listenTo(/** @type {MediaStreamTrack | null} */ microphone) {
    for (const former of this.#stream.getAudioTracks()) this.#stream.removeTrack(former);
    if (microphone) this.#stream.addTrack(microphone);
    if (microphone) this.#sound ??= new Sound();
    this.#sound?.replaceMicrophone(microphone);
  }

  /** Gets ready to warp where it is wanted. */
  #place() {
    if (this.#wishes.all.where === 'here') this.#here.begin(this.#camera);
    else this.#here.end();
  }

  /** Warps somewhere else from now on, or anew; meanwhile the camera's own picture is shown. */
  #rebuild() {
    this.#place();
    this.#call.renew();
  }

  /** @param {import('./call.js').CallState} state */
  #follow(state) {
    if (this.#over.signal.aborted) return;
    const before = this.#phase;
    this.#phase = state.phase;
    this.#error = 'error' in state ? state.error : undefined;
    if ('peer' in state) this.#show(state.peer.received);
    if (state.phase === 'live' && before !== 'quiet' && before !== 'live') this.#line.connect((message) => this.say(message));
    if (!('peer' in state)) this.#leave();
    this.#judge();
  }

  /** The relay is not there. */
  #leave() {
    this.#line.disconnect();
    this.#account.forget();
    this.#figures = nothingYet();
    this.#show(new MediaStream());
  }

  #show(/** @type {MediaStream} */ received) {
    this.#output.follow(received.getVideoTracks()[0]);
    this.#sound?.follow(received.getAudioTracks()[0]);
  }

  /** Tells what is shown, and why, if it is another thing than before. */
  #judge() {
    const {showing} = this.#output;
    this.#sound?.accompany(showing === 'corrected');
    const before = this.#status;
    const ended = this.#camera.readyState === 'ended';
    this.#status = standingOf({showing, phase: this.#phase, ended, error: this.#error, before});
    if (!same(before, this.#status)) this.#fire('state', this.#status);
  }

  #trip(/** @type {number} */ milliseconds) {
    const before = this.#figures.trip_ms ?? milliseconds;
    this.#figures = {...this.#figures, trip_ms: before + EASE * (milliseconds - before)};
    this.#here.local?.trip(milliseconds);
  }

  /** @param {import('./api.js').RelayConfig} config */
  #configure(config) {
    this.#wishes.adoptDefaults(config.defaults);
    this.#fire('config', config);
  }

  /** @param {any} message */
  #hear(message) {
    if (message.type === 'settings' || message.type === 'error') this.#adopt(message);
    if (message.type === 'draining') this.#show(new MediaStream());
    if (message.type === 'meeting') this.#fire('meeting', message);
    this.#fire('message', message);
    if (message.type === 'stats') this.#tell(message);
  }

  /** @param {{type: string}} message */
  #adopt(message) {
    const before = JSON.stringify(this.settings);
    this.#line.hear(message);
    if (JSON.stringify(this.settings) !== before) this.#fire('settings', this.settings);
  }

  /** @param {import('./stats.js').Stats} told by the relay */
  async #tell(told) {
    const peer = this.#call.peer;
    const {stats, finding} = this.#account.add(told, this.#here.stats());
    const load = await peer?.measure().catch(() => undefined);
    if (peer !== this.#call.peer || this.#over.signal.aborted) return;
    this.#figures = statsOf(stats, finding, load, this.#figures);
    this.#fire('stats', this.stats());
  }

  #fire(/** @type {string} */ name, /** @type {unknown} */ detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}
