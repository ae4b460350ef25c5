/**
 * An audio track that stays the same while its source changes: the microphone itself, or the relay's returned audio,
 * which is delayed like the video. Browsers suspend an audio context until a click or a key press; until then the track
 * is silent.
 */

/** Cross-fade between sources, seconds: too short to be noticed, long enough not to click. */
const FADE = 0.02;
const GESTURES = ['pointerdown', 'keydown', 'touchend'];

export class AudioOutput {
  #context = new AudioContext({latencyHint: 'interactive'});
  #out = this.#context.createMediaStreamDestination();
  #raw = new Input(this.#context, this.#out);
  #relayed = new Input(this.#context, this.#out);
  #abort = new AbortController();
  /** Chromium passes received audio on only while an element plays it. */
  #element = Object.assign(new Audio(), {muted: true});
  #corrected = false;

  /** @type {MediaStreamTrack} */
  track = this.#out.stream.getAudioTracks()[0];

  constructor() {
    const resume = () => {
      if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
    };
    const {signal} = this.#abort;
    for (const gesture of GESTURES) document.addEventListener(gesture, resume, {signal, capture: true});
    resume();
    this.#selectInput();
  }

  /** State of the audio context. @returns {'running' | 'suspended'} */
  get state() {
    return this.#context.state === 'running' ? 'running' : 'suspended';
  }

  /** Sets the microphone, or none. */
  replaceMicrophone(/** @type {MediaStreamTrack | null} */ microphone) {
    this.#raw.setTrack(microphone ?? undefined);
  }

  /** Sets the track that the relay returns, or none. */
  follow(/** @type {MediaStreamTrack | undefined} */ track) {
    if (track === this.#relayed.track) return;
    this.#relayed.setTrack(track);
    this.#element.srcObject = track ? new MediaStream([track]) : null;
    if (track) this.#element.play().catch(() => {});
    track?.addEventListener('unmute', () => this.#selectInput(), {signal: this.#abort.signal});
    track?.addEventListener('mute', () => this.#selectInput(), {signal: this.#abort.signal});
    this.#selectInput();
  }

  /** Sets whether the video is the corrected one. */
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

/** A source of the output track, at full level or muted. */
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
