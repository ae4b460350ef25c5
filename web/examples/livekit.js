/** `livekit-client` comes from your bundler or an import map; the room's address and token from your own server. */
import {Room, createLocalVideoTrack} from 'livekit-client';
import {eyelineProcessor} from '../adapters/livekit.js';

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);

at('start').onclick = async () => {
  const track = await createLocalVideoTrack({resolution: {width: 1280, height: 720}});
  const processor = eyelineProcessor();
  await track.setProcessor(processor);
  track.attach(at('picture'));
  processor.corrected.addEventListener('state', ({detail}) => { at('status').textContent = `${detail.state} ${detail.message}`; });

  if (!asked.has('room')) return; // ?room=wss://your.livekit.example&token=…
  const room = new Room();
  await room.connect(asked.get('room'), asked.get('token'));
  await room.localParticipant.publishTrack(track);
};
