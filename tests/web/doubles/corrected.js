/** A double of eyeline.js's Corrected, controlled by a test. */

import {ScriptedTrack} from './peer.js';

export class ScriptedCorrected extends EventTarget {
  state = 'starting';
  status = {state: 'starting', code: '', message: ''};
  track = new ScriptedTrack('video', 'corrected');
  changes = [];
  retries = 0;
  stopped = false;

  constructor(camera, wish) {
    super();
    Object.assign(this, {camera, wish, microphone: wish.audio});
    this.audio = wish.audio && new ScriptedTrack('audio', 'corrected');
  }

  /** Sets the state: `corrected`, or `raw` for this reason. */
  become(state, code = '', message = '') {
    Object.assign(this, {state, status: {state, code, message}});
    this.dispatchEvent(new Event('state'));
  }

  change(wish) { this.changes.push(wish); }
  retry() { this.retries += 1; }
  stop() { this.stopped = true; }
  async replaceCamera(camera) { this.camera = camera; }
  async replaceMicrophone(microphone) { this.microphone = microphone; }
}
