/** The remote peer is a second connection in this page: replace it with your own signalling. */
import {correctTrack} from '../eyeline.js';

const at = (id) => document.getElementById(id);

at('start').onclick = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true, audio: true});
  const corrected = await correctTrack(stream.getVideoTracks()[0], {audio: stream.getAudioTracks()[0]});
  corrected.addEventListener('state', ({detail}) => { at('status').textContent = `${detail.state} ${detail.message}`; });

  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.addTrack(corrected.track, stream);
  here.addTrack(corrected.audio, stream);
  here.onicecandidate = ({candidate}) => there.addIceCandidate(candidate);
  there.onicecandidate = ({candidate}) => here.addIceCandidate(candidate);
  there.ontrack = ({streams}) => { at('picture').srcObject = streams[0]; };
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
};
