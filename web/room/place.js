/**
 * Where the meeting is: from the page's address, and else from the relay's configuration. Knows nothing of what happens
 * there.
 *
 * @typedef {{
 *   relay: string,
 *   janus: string,
 *   room: number | string,
 *   pin: string,
 *   name: string,
 *   via: 'page' | 'relay',
 *   meeting: string,
 * }} Place relay: its address, with a slash at the end; janus: address of its WebSocket API; both janus and room are
 *   empty where none is configured; via: whether this page or the relay publishes; meeting: the relay's name for this
 *   Janus, empty where it cannot publish
 */

const TIMEOUT_MS = 3000;

/**
 * @param {Location} page
 * @returns {Promise<Place>}
 */
export async function findPlace(page) {
  const query = new URLSearchParams(page.search);
  const relay = new URL(query.get('relay') || '.', page.href).href.replace(/\/*$/, '/');
  const config = await readConfig(relay);
  const room = config.room ?? {};
  return {
    relay,
    janus: socketAddress(query.get('janus') || room.janus, page),
    room: roomName(query.get('room') || room.room || ''),
    pin: query.get('pin') ?? room.pin ?? '',
    name: query.get('name') ?? '',
    via: query.get('via') === 'relay' ? 'relay' : 'page',
    meeting: room.meeting ?? config.meetings?.[0] ?? '',
  };
}

/** STUN and TURN servers, as the relay gives them now; none where it does not answer. @param {string} relay */
export async function findServers(relay) {
  const config = await readConfig(relay);
  const {iceServers} = config.guests ? await readConfig(relay, await getGuestToken(relay)) : config;
  return /** @type {RTCIceServer[]} */ (iceServers ?? []);
}

/** The relay's configuration; empty where it does not answer. @param {string} relay @returns {Promise<any>} */
async function readConfig(relay, token = '') {
  return request(`${relay}api/config`, token ? {headers: {Authorization: `Bearer ${token}`}} : {});
}

/** A guest token: TURN servers are given only with a token. @param {string} relay @returns {Promise<string>} */
async function getGuestToken(relay) {
  return (await request(`${relay}api/guest`, {method: 'POST'})).token ?? '';
}

/** @param {string} address @param {RequestInit} options @returns {Promise<any>} */
async function request(address, options) {
  try {
    const response = await fetch(address, {cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS), ...options});
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** A path is on this page's own server. @param {string | undefined} address @param {Location} page */
export function socketAddress(address, page) {
  if (!address) return '';
  if (!address.startsWith('/')) return address;
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${address}`;
}

/** A room id of digits is a number for Janus. @param {string} name */
export function roomName(name) {
  return /^\d{1,15}$/.test(name) ? Number(name) : name;
}
