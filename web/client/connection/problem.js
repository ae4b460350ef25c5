/** Errors between this browser and the relay: codes for programs, sentences for people. Knows nothing of the page. */

/** The relay is unreachable, or refuses. A retry cannot help if `lasting`. */
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

/** Sentences for codes for which the relay gives none, or none that says what to do. @type {Record<string, string>} */
const SENTENCES = {
  unreachable: 'The relay cannot be reached. Check its address, that it is running, and that it allows this page’s origin. Retrying.',
  not_a_relay: 'There is no relay at this address. Pass the address of one to correctTrack() as `relay`.',
  lost: 'The connection to the relay was lost. Reconnecting.',
  silent: 'The relay sends no video at the moment; it may only be busy.',
  quiet: 'The relay is not answering; it may only be busy.',
  no_token: 'The function passed as `token` returned none. Retrying.',
  draining: 'The relay is about to stop. Reconnecting soon, possibly to another one.',
  no_media: 'The relay answers, but no video gets through. A firewall may block it, or the relay needs a TURN server. Retrying.',
  no_webgl: 'This browser has no WebGL 2, or it is switched off, so it cannot correct frames itself. Use where: \'relay\'.',
  no_worker: 'This page’s policy forbids workers, so this browser cannot correct frames itself. Allow blob: and the relay in worker-src, or use where: \'relay\'.',
  no_field_return: 'This relay cannot leave the warping to this browser; it may be an older version. Use where: \'relay\'.',
  camera_gone: 'The camera has ended. Pass another one to replaceCamera().',
};

/** The sentence for this code; `detail` if there is none. */
export function explainCode(/** @type {string} */ code, detail = '') {
  return SENTENCES[code] ?? detail;
}
