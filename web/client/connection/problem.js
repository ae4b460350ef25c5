/** What can be wrong between this browser and the relay, for programs and for people. Knows nothing of the page. */

/** The relay cannot be asked, or refuses. `lasting` ones will not go away by asking again. */
export class RelayError extends Error {
  /**
   * @param {string} code the problem's code, or one of those below
   * @param {string} message a sentence for people
   * @param {{lasting?: boolean, retryAfter?: number}} options retryAfter in milliseconds
   */
  constructor(code, message, {lasting = false, retryAfter = 0} = {}) {
    super(message);
    this.name = 'RelayError';
    this.code = code;
    this.lasting = lasting;
    this.retryAfter = retryAfter;
  }
}

/** Sentences for what has none of the relay's, or none that says what to do. @type {Record<string, string>} */
const SENTENCES = {
  unreachable: 'The relay cannot be reached. Check its address, that it is running, and that it allows this page’s origin; it is asked again.',
  not_a_relay: 'There is no relay at this address. Give correctTrack() the address of one as `relay`.',
  lost: 'The connection to the relay was lost; another one is being made.',
  silent: 'The relay sends no picture at the moment; it may only be busy.',
  quiet: 'The relay is not answering; it may only be busy.',
  no_token: 'The function that was given as `token` gave none; it is asked again.',
  draining: 'The relay is about to stop; it is asked again soon, or another one in its place.',
  no_media: 'The relay answers, but no video gets through. A firewall may be in between, or the relay needs a TURN server; it is tried again.',
  no_webgl: 'This browser has no WebGL 2, or it is switched off: it cannot turn eyes itself. Use where: \'relay\'.',
  no_worker: 'This page’s policy forbids workers: it cannot turn eyes itself. Allow blob: and the relay in worker-src, or use where: \'relay\'.',
  no_field_return: 'This relay cannot leave the warping to this browser; it may be an older one. Use where: \'relay\'.',
  camera_gone: 'The camera has ended. Give another one to replaceCamera().',
};

/** A sentence for this code; else the one at hand. */
export function explainCode(/** @type {string} */ code, detail = '') {
  return SENTENCES[code] ?? detail;
}
