/** The two device lists: filled, named once the browser tells names, kept up to date. Knows nothing of streams. */

import {camerasAllowed, listDevices} from './camera.js';
import {NO_MICROPHONE} from '../client/settings.js';

export class Devices {
  #settings;
  #lists;

  /**
   * @param {HTMLSelectElement} camera
   * @param {HTMLSelectElement} microphone
   * @param {import('../client/settings.js').Settings} settings
   */
  constructor(camera, microphone, settings) {
    this.#settings = settings;
    this.#lists = {camera, microphone};
    camera.addEventListener('change', () => settings.change({camera: camera.value}));
    microphone.addEventListener('change', () => settings.change({microphone: microphone.value}));
    if (camerasAllowed()) navigator.mediaDevices.addEventListener('devicechange', () => this.fill());
  }

  /** Lists what there is now. */
  async fill() {
    const [cameras, microphones] = await Promise.all([listDevices('videoinput'), listDevices('audioinput')]);
    const {camera, microphone} = this.#settings.all;
    offer(this.#lists.camera, [{id: '', name: 'Default camera'}, ...cameras], camera);
    offer(this.#lists.microphone, [
      {id: '', name: 'Default microphone'}, ...microphones, {id: NO_MICROPHONE, name: 'No microphone'},
    ], microphone);
  }
}

/** A device that is remembered but not plugged in leaves the default in the list; the choice itself is kept. */
function offer(
  /** @type {HTMLSelectElement} */ list,
  /** @type {{id: string, name: string}[]} */ devices,
  /** @type {string} */ chosen,
) {
  list.replaceChildren(...devices.map(({id, name}) => new Option(name, id)));
  list.value = devices.some(({id}) => id === chosen) ? chosen : '';
}
