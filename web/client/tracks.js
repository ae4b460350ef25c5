/**
 * The tracks of a corrected call: camera and microphone for the relay, and output tracks of video and audio that stay
 * the same while their sources change. Knows nothing of relays or of settings.
 */

import {checkTrack} from './options.js';
import {Output} from './track/output.js';
import {AudioOutput} from './track/audio.js';

/** Fires `showing` when what is shown may have changed, and `ended` when the video track was stopped from outside. */
export class Tracks extends EventTarget {
  #abort = new AbortController();
  #output;
  /** @type {AudioOutput | undefined} */
  #audio;
  /** What is sent to the relay. */
  stream = new MediaStream();
  camera;

  /** @param {MediaStreamTrack} camera @param {MediaStreamTrack | null} [microphone] @param {'worker' | 'canvas'} [route] */
  constructor(camera, microphone, route) {
    super();
    this.camera = camera;
    this.#output = new Output(camera, route);
    for (const name of ['showing', 'ended']) this.#output.addEventListener(name, () => this.dispatchEvent(new Event(name)));
    this.#addCamera(camera);
    if (microphone) this.replaceMicrophone(microphone);
  }

  /** The output video track. */
  get video() {
    return this.#output.track;
  }

  /** In sync with the video; null until there is a microphone. */
  get audio() {
    return this.#audio?.track ?? null;
  }

  get showing() {
    return this.#output.showing;
  }

  /** Number of corrected frames received. */
  get count() {
    return this.#output.count;
  }

  /** Whether the camera has ended. */
  get cameraEnded() {
    return this.camera.readyState === 'ended';
  }

  /** Statistics of both outputs. */
  stats() {
    return {track: this.#output.frames, sound: this.#audio?.state ?? null};
  }

  /** Switches to another camera. @returns {boolean} false if it is the same, or everything has stopped */
  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    checkTrack(camera, 'video');
    if (this.#abort.signal.aborted || camera === this.camera) return false;
    this.stream.removeTrack(this.camera);
    this.camera = camera;
    this.#addCamera(camera);
    this.#output.replaceCamera(camera);
    return true;
  }

  /** Switches to another microphone, or to none. @returns {boolean} false if everything has stopped */
  replaceMicrophone(/** @type {MediaStreamTrack | null} */ microphone) {
    if (microphone) checkTrack(microphone, 'audio');
    if (this.#abort.signal.aborted) return false;
    for (const former of this.stream.getAudioTracks()) this.stream.removeTrack(former);
    if (microphone) this.stream.addTrack(microphone);
    if (microphone) this.#audio ??= new AudioOutput();
    this.#audio?.replaceMicrophone(microphone);
    return true;
  }

  /** Sets what the relay returns, or nothing. */
  follow(/** @type {MediaStream | undefined} */ received) {
    this.#output.follow(received?.getVideoTracks()[0]);
    this.#audio?.follow(received?.getAudioTracks()[0]);
  }

  /** Selects the audio that belongs to the shown video. */
  syncAudio() {
    this.#audio?.setCorrected(this.showing === 'corrected');
  }

  /** Ends the output tracks. Camera and microphone are not stopped. */
  stop() {
    this.#abort.abort();
    this.#output.stop();
    this.#audio?.stop();
  }

  #addCamera(/** @type {MediaStreamTrack} */ camera) {
    this.stream.addTrack(camera);
    camera.addEventListener('ended', () => this.dispatchEvent(new Event('showing')), {signal: this.#abort.signal});
  }
}
