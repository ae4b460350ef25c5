/**
 * The tracks of a corrected call: camera and microphone go to the relay, out come a picture and a sound that stay the
 * same tracks while what feeds them changes. Knows nothing of relays or of settings.
 */

import {checkTrack} from './options.js';
import {Output} from './track/output.js';
import {AudioOutput} from './track/audio.js';

/** Fires `showing` when what is shown may have changed, and `ended` when somebody has stopped the picture's track. */
export class Tracks extends EventTarget {
  #abort = new AbortController();
  #output;
  /** @type {AudioOutput | undefined} */
  #audio;
  /** What goes to the relay. */
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

  /** What is shown. */
  get video() {
    return this.#output.track;
  }

  /** In step with the picture; null until there is a microphone. */
  get audio() {
    return this.#audio?.track ?? null;
  }

  get showing() {
    return this.#output.showing;
  }

  /** How many corrected pictures have come. */
  get count() {
    return this.#output.count;
  }

  /** Whether the camera gives nothing any more. */
  get cameraEnded() {
    return this.camera.readyState === 'ended';
  }

  /** The figures of both. */
  stats() {
    return {track: this.#output.frames, sound: this.#audio?.state ?? null};
  }

  /** Another camera from now on. @returns {boolean} false where it is the same */
  replaceCamera(/** @type {MediaStreamTrack} */ camera) {
    checkTrack(camera, 'video');
    if (this.#abort.signal.aborted || camera === this.camera) return false;
    this.stream.removeTrack(this.camera);
    this.camera = camera;
    this.#addCamera(camera);
    this.#output.replaceCamera(camera);
    return true;
  }

  /** Another microphone from now on, or none. @returns {boolean} false when all is over */
  replaceMicrophone(/** @type {MediaStreamTrack | null} */ microphone) {
    if (microphone) checkTrack(microphone, 'audio');
    if (this.#abort.signal.aborted) return false;
    for (const former of this.stream.getAudioTracks()) this.stream.removeTrack(former);
    if (microphone) this.stream.addTrack(microphone);
    if (microphone) this.#audio ??= new AudioOutput();
    this.#audio?.replaceMicrophone(microphone);
    return true;
  }

  /** What comes back from now on, or nothing. */
  follow(/** @type {MediaStream | undefined} */ received) {
    this.#output.follow(received?.getVideoTracks()[0]);
    this.#audio?.follow(received?.getAudioTracks()[0]);
  }

  /** The sound goes with the picture that is shown. */
  syncAudio() {
    this.#audio?.setCorrected(this.showing === 'corrected');
  }

  /** Ends what comes out. Camera and microphone stay their owner's. */
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
