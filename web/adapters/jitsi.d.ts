import type {Corrected, CorrectOptions} from '../eyeline.js';

/** An effect of lib-jitsi-meet. */
export interface EyelineEffect {
  /** Settings, statistics and events, while active. */
  corrected?: Corrected;
  isEnabled(track: {isVideoTrack(): boolean; videoType?: string}): boolean;
  startEffect(stream: MediaStream): MediaStream;
  stopEffect(): void;
}

/** For JitsiLocalTrack.setEffect(). */
export function eyelineEffect(options?: CorrectOptions): EyelineEffect;
