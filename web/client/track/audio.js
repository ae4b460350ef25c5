/**
 * The sound that stays the same while what feeds it changes: the microphone as it is, or what the relay returns, which
 * is delayed as the picture is. Browsers let no sound through a context before a click or a key; until then it is silent,
 * and with the first of them it begins.
 */

/** From one to the other, seconds: too short to be heard, too long to click. */
const FADE = 0.02;
const GESTURES = ['pointerdown', 'keydown', 'touchend'];

export class AudioOutput {
  #context = new AudioContext({latencyHint: 'interactive'});
  #out = this.#context.createMediaStreamDestination();
  #raw = new Input(this.#context, this.#out);
  #relayed = new Input(this.#context, this.#out);
  #abort = new AbortController();
  /** Chromium lets a relay's sound through only while an element plays it. */
  #element = Object.assign(new Audio(), {muted: true});
  #corrected = false;

  /** @type {MediaStreamTrack} */
  track = this.#out.stream.getAudioTracks()[0];

  constructor() {
    const resume = () => {
      if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
    };
    for (const gesture of GESTURES) document.addEventListener(gesture, resume, {signal: this.#abort.signal, capture: true});
    resume();
    this.#selectInput();
  }

  /** Whether it flows. @returns {'running' | 'suspended'} */
  get state() {
    return this.#context.state === 'running' ? 'running' : 'suspended';
  }

  /** The microphone, or none. */
  replaceMicrophone(/** @type {MediaStreamTrack | null} */ microphone) {
    this.#raw.setTrack(microphone ?? undefined);
  }

  /** What the relay returns, or nothing. */
  follow(/** @type {MediaStreamTrack | undefined} */ track) {
    if (track === this.#relayed.track) return;
    this.#relayed.setTrack(track);
    this.#element.srcObject = track ? new MediaStream([track]) : null;
    if (track) this.#element.play().catch(() => {});
    track?.addEventListener('unmute', () => this.#selectInput(), {signal: this.#abort.signal});
    track?.addEventListener('mute', () => this.#selectInput(), {signal: this.#abort.signal});
    this.#selectInput();
  }

  /** Whether the picture is the corrected one. */
  setCorrected(/** @type {boolean} */ corrected) {
    this.#corrected = corrected;
    this.#selectInput();
  }

  stop() {
    this.#abort.abort();
    this.#element.srcObject = null;
    this.track.stop();
    this.#context.close().catch(() => {});
  }

  #selectInput() {
    const {track} = this.#relayed;
    const relayed = this.#corrected && track !== undefined && !track.muted && track.readyState === 'live';
    this.#relayed.setOpen(relayed);
    this.#raw.setOpen(!relayed);
  }
}

/** A track's sound on its way into another one, as loud as it came or not at all. */
class Input {
  #context;
  #gain;
  /** @type {MediaStreamAudioSourceNode | undefined} */
  #source;
  /** @type {MediaStreamTrack | undefined} */
  track;

  /** @param {AudioContext} context @param {AudioNode} out */
  constructor(context, out) {
    this.#context = context;
    this.#gain = new GainNode(context, {gain: 0});
    this.#gain.connect(out);
  }

  setTrack(/** @type {MediaStreamTrack | undefined} */ track) {
    this.#source?.disconnect();
    this.track = track;
    this.#source = track && this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source?.connect(this.#gain);
  }

  setOpen(/** @type {boolean} */ open) {
    this.#gain.gain.setTargetAtTime(open ? 1 : 0, this.#context.currentTime, FADE / 3);
  }
}
