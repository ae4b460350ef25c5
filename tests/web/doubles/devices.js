/** A double of navigator.mediaDevices: cameras and microphones, present or absent. */

import {ScriptedStream, ScriptedTrack} from './peer.js';

export class ScriptedDevices {
  /** Constraints of all requests, in order. */
  asked = [];
  /** All tracks returned. */
  given = [];
  /** Names of errors by kind, for unavailable devices. @type {Record<string, string>} */
  errors = {};

  async getUserMedia(constraints) {
    this.asked.push(constraints);
    const kinds = ['video', 'audio'].filter((kind) => constraints[kind]);
    for (const kind of kinds) if (this.errors[kind]) throw Object.assign(new Error(), {name: this.errors[kind]});
    const tracks = kinds.map((kind) => new ScriptedTrack(kind, constraints[kind].deviceId?.ideal ?? `own ${kind}`));
    this.given.push(...tracks);
    return new ScriptedStream(tracks);
  }

  async enumerateDevices() {
    return ['video', 'audio'].filter((kind) => this.errors[kind] !== 'NotFoundError').map((kind) => ({kind: `${kind}input`}));
  }
}

/** Installs these as the browser's. @param {ScriptedDevices} devices @param {Record<string, string>} permissions */
export function plugIn(devices, permissions = {}) {
  const query = async ({name}) => ({state: permissions[name] ?? 'granted'});
  Object.defineProperty(globalThis, 'navigator', {value: {mediaDevices: devices, permissions: {query}}, configurable: true});
}
