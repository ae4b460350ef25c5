/** The relay's HTTP side: configuration, opening and ending a session. Knows nothing of media or of the page. */

const PATIENCE_MS = 8000;

/** Statuses a server in between gives when the relay itself is not there. */
const ABSENT = [502, 504];

/** The relay cannot be asked, or refuses. `lasting` ones will not go away by asking again. */
export class RelayError extends Error {
  /**
   * @param {string} code the problem's code, or `unreachable`, or `no_media`
   * @param {string} message
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

/**
 * @typedef {{version: string, iceServers: RTCIceServer[], defaults: unknown}} RelayConfig
 * @param {AbortSignal} signal
 * @returns {Promise<RelayConfig>}
 */
export async function readConfig(signal) {
  const response = await ask('api/config', {}, signal);
  return response.json();
}

/**
 * What the relay is to send back: the corrected picture, or only the fields to correct it by.
 * @typedef {'video' | 'field'} Returns
 *
 * Sends an offer; the answer comes with the address at which the session can be ended.
 * @param {string} sdp
 * @param {Returns} returns
 * @param {import('./settings.js').Correction} settings
 * @param {AbortSignal} signal
 * @returns {Promise<{sdp: string, address: string}>}
 */
export async function createSession(sdp, returns, settings, signal) {
  const offer = {type: 'offer', sdp, settings, ...(returns === 'field' && {returns})};
  const response = await ask('api/sessions', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(offer),
  }, signal).catch((error) => { throw returns === 'field' ? unlessUnknown(error) : error; });
  const answer = await response.json();
  return {sdp: answer.sdp, address: `api/sessions/${encodeURIComponent(answer.id)}`};
}

/**
 * Whether the relay is there and still knows the session.
 * @param {string} address
 * @param {AbortSignal} signal
 */
export async function sessionExists(address, signal) {
  try {
    await ask(address, {}, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof RelayError && !['unreachable', 'unknown_session'].includes(error.code);
  }
}

/** Ends a session; resolves when the relay has said so or cannot. One that has gone already is as good. */
export async function endSession(/** @type {string} */ address) {
  await fetch(address, {method: 'DELETE', keepalive: true}).catch(() => {});
}

/** Ends a session while the page is being left, when nothing can be waited for. */
export function abandonSession(/** @type {string} */ address) {
  navigator.sendBeacon(`${address}/close`);
}

/**
 * @param {string} address
 * @param {RequestInit} options
 * @param {AbortSignal} signal
 */
async function ask(address, options, signal) {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response;
  try {
    response = await fetch(address, {cache: 'no-store', ...options, signal: AbortSignal.any([signal, limit])});
  } catch (error) {
    signal.throwIfAborted();
    throw new RelayError('unreachable', String(error));
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** A relay that does not know this kind of return takes its name for a mistake. */
function unlessUnknown(/** @type {unknown} */ error) {
  if (!(error instanceof RelayError) || error.code !== 'malformed') return error;
  return new RelayError('no_field_return', error.message, {lasting: true});
}

async function refusal(/** @type {Response} */ response) {
  const problem = await response.json().catch(() => ({}));
  const code = ABSENT.includes(response.status) ? 'unreachable' : problem.code ?? 'refused';
  return new RelayError(code, problem.detail ?? `The relay answered ${response.status}.`, {
    lasting: response.status < 500,
    retryAfter: 1000 * Number(response.headers.get('Retry-After') ?? 0) || 0,
  });
}
