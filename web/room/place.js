/**
 * Where the meeting is: what the page's address says, and the relay where it says nothing. Knows nothing of what
 * happens there.
 *
 * @typedef {{
 *   relay: string,
 *   janus: string,
 *   room: number | string,
 *   pin: string,
 *   name: string,
 *   via: 'page' | 'relay',
 *   meeting: string,
 * }} Place relay: its address, with a slash at the end; janus: of its WebSocket API; empty, as room, where there is
 *   none; via: by which way one's own picture gets there; meeting: what the relay calls this Janus, empty where it may
 *   not call any
 */

const PATIENCE_MS = 3000;

/**
 * @param {Location} page
 * @returns {Promise<Place>}
 */
export async function findPlace(page) {
  const asked = new URLSearchParams(page.search);
  const relay = new URL(asked.get('relay') || '.', page.href).href.replace(/\/*$/, '/');
  const told = await ask(relay);
  const room = told.room ?? {};
  return {
    relay,
    janus: socketAddress(asked.get('janus') || room.janus, page),
    room: roomName(asked.get('room') || room.room || ''),
    pin: asked.get('pin') ?? room.pin ?? '',
    name: asked.get('name') ?? '',
    via: asked.get('via') === 'relay' ? 'relay' : 'page',
    meeting: room.meeting ?? told.meetings?.[0] ?? '',
  };
}

/** STUN and TURN servers, as the relay gives them just now; none where it does not answer. @param {string} relay */
export async function findServers(relay) {
  const told = await ask(relay);
  return /** @type {RTCIceServer[]} */ ((told.guests ? await ask(relay, await invite(relay)) : told).iceServers ?? []);
}

/** The relay's configuration; nothing where it does not answer. @param {string} relay @returns {Promise<any>} */
async function ask(relay, token = '') {
  return request(`${relay}api/config`, token ? {headers: {Authorization: `Bearer ${token}`}} : {});
}

/** A guest's token: TURN servers are for those only who have one. @param {string} relay @returns {Promise<string>} */
async function invite(relay) {
  return (await request(`${relay}api/guest`, {method: 'POST'})).token ?? '';
}

/** @param {string} address @param {RequestInit} options @returns {Promise<any>} */
async function request(address, options) {
  try {
    const response = await fetch(address, {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS), ...options});
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** A path is one of this page's own server. @param {string | undefined} address @param {Location} page */
export function socketAddress(address, page) {
  if (!address) return '';
  if (!address.startsWith('/')) return address;
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${address}`;
}

/** A name of digits alone is a number for Janus. @param {string} name */
export function roomName(name) {
  return /^\d{1,15}$/.test(name) ? Number(name) : name;
}
