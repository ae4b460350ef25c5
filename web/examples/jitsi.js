/** `JitsiMeetJS` comes from your Jitsi server (lib-jitsi-meet.min.js, before this script); join the meeting as you do now. */
import {eyelineEffect} from '../adapters/jitsi.js';

const at = (id) => document.getElementById(id);

at('start').onclick = async () => {
  JitsiMeetJS.init({});
  const [track] = await JitsiMeetJS.createLocalTracks({devices: ['video']});
  const effect = eyelineEffect();
  await track.setEffect(effect);
  track.attach(at('picture'));
  effect.corrected.addEventListener('state', ({detail}) => { at('status').textContent = `${detail.state} ${detail.message}`; });
};
