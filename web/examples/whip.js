/** Publishes the corrected track to any WHIP endpoint (RFC 9725): ?endpoint=https://media.example/whip&token=… */
import {correctTrack} from '../eyeline.js';

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);

at('start').onclick = async () => {
  const {track} = await correctTrack((await navigator.mediaDevices.getUserMedia({video: true})).getVideoTracks()[0]);
  at('picture').srcObject = new MediaStream([track]);

  const connection = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  connection.addTransceiver(track, {direction: 'sendonly'});
  connection.onconnectionstatechange = () => { at('status').textContent = connection.connectionState; };
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete') await new Promise((soon) => setTimeout(soon, 50));
  const headers = {'Content-Type': 'application/sdp', ...(asked.has('token') && {Authorization: `Bearer ${asked.get('token')}`})};
  const answer = await fetch(asked.get('endpoint'), {method: 'POST', headers, body: connection.localDescription.sdp});
  if (!answer.ok) throw new Error(`the endpoint answered ${answer.status}`);
  await connection.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  addEventListener('pagehide', () => fetch(new URL(answer.headers.get('Location'), answer.url), {method: 'DELETE', keepalive: true, headers}));
};
