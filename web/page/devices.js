/** The two device lists: filled, and updated when devices or their names change. Knows nothing of streams. */

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

  /** Lists the devices that are there now. */
  async fill() {
    const [cameras, microphones] = await Promise.all([listDevices('videoinput'), listDevices('audioinput')]);
    const {camera, microphone} = this.#settings.all;
    fillList(this.#lists.camera, [{id: '', name: 'Default camera'}, ...cameras], camera);
    fillList(this.#lists.microphone, [
      {id: '', name: 'Default microphone'}, ...microphones, {id: NO_MICROPHONE, name: 'No microphone'},
    ], microphone);
  }
}

/** Fills a list. If the chosen device is not plugged in, the default is selected; the stored choice is kept. */
function fillList(
  /** @type {HTMLSelectElement} */ list,
  /** @type {{id: string, name: string}[]} */ devices,
  /** @type {string} */ chosen,
) {
  list.replaceChildren(...devices.map(({id, name}) => new Option(name, id)));
  list.value = devices.some(({id}) => id === chosen) ? chosen : '';
}
