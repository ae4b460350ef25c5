/** Requests for camera and microphone, and the errors where the browser refuses. */

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {changeCamera, listDevices, openCamera} from '../../../web/page/camera.js';

const refusal = (name) => new DOMException('', name);
const ANY = {camera: '', microphone: ''};

/** A browser that answers each request with answer(); errors are thrown. Returns the requested kinds. */
function browser(answer, {devices = [], permissions = {}} = {}) {
  const requests = [];
  const mediaDevices = {
    getUserMedia: async (request) => {
      requests.push(Object.keys(request).filter((kind) => request[kind]).join('+'));
      const result = answer(request, requests.length);
      if (result instanceof Error) throw result;
      return result;
    },
    enumerateDevices: async () => devices,
  };
  const query = async ({name}) => ({state: permissions[name] ?? 'prompt'});
  Object.defineProperty(globalThis, 'navigator', {value: {mediaDevices, permissions: {query}}, configurable: true});
  return requests;
}

for (const [name, code] of [
  ['NotFoundError', 'no_camera'],
  ['OverconstrainedError', 'no_camera'],
  ['NotReadableError', 'camera_busy'],
  ['NotAllowedError', 'camera_refused'],
  ['UnknownError', 'camera_failed'],
]) {
  test(`a camera that cannot be had: ${name}`, async () => {
    browser(() => refusal(name), {devices: [{kind: 'audioinput'}]});
    await assert.rejects(openCamera(ANY), {name: 'CameraError', code});
  });
}

for (const [name, options] of [
  ['NotFoundError', {devices: [{kind: 'videoinput'}]}],
  ['NotAllowedError', {permissions: {microphone: 'denied', camera: 'granted'}}],
  ['NotReadableError', {}],
]) {
  test(`a microphone that cannot be had costs the sound only: ${name}`, async () => {
    const requests = browser((request) => request.audio ? refusal(name) : 'a stream', options);
    assert.deepEqual(await openCamera(ANY), {stream: 'a stream', soundless: true});
    assert.deepEqual(requests, ['video+audio', 'video']);
  });
}

test('a microphone that is not wanted is not asked for', async () => {
  const requests = browser(() => 'a stream');
  assert.deepEqual(await openCamera({camera: '', microphone: 'none'}), {stream: 'a stream', soundless: false});
  assert.deepEqual(requests, ['video']);
});

test('both refused, the camera is not asked for a second time', async () => {
  const requests = browser(() => refusal('NotAllowedError'), {permissions: {microphone: 'denied', camera: 'denied'}});
  await assert.rejects(openCamera(ANY), {code: 'camera_refused'});
  assert.deepEqual(requests, ['video+audio']);
});

test('where two cameras cannot be open at once, the present one is let go first', async () => {
  const stopped = [];
  const other = {getVideoTracks: () => ['the other']};
  browser((_, turn) => turn === 1 ? refusal('NotReadableError') : (stopped.push('asked again'), other));
  assert.equal(await changeCamera('other', {stop: () => stopped.push('stopped')}), 'the other');
  assert.deepEqual(stopped.slice(0, 2), ['stopped', 'asked again']);
});

test('devices without a name are numbered, and the system\'s aliases left out', async () => {
  const device = (deviceId, label = '', kind = 'videoinput') => ({kind, deviceId, label});
  browser(() => 'a stream', {devices: [device('default'), device('a', 'Front'), device('b'), device('c', '', 'audioinput')]});
  assert.deepEqual(await listDevices('videoinput'), [{id: 'a', name: 'Front'}, {id: 'b', name: 'Camera 2'}]);
  assert.deepEqual(await listDevices('audioinput'), [{id: 'c', name: 'Microphone 1'}]);
});
