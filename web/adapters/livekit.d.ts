import type {Corrected, CorrectOptions} from '../eyeline.js';

/** A TrackProcessor of livekit-client 2, without needing its types. */
export interface EyelineProcessor {
  name: string;
  processedTrack?: MediaStreamTrack;
  /** Settings, figures and events, while it is at work. */
  corrected?: Corrected;
  init(options: {track: MediaStreamTrack}): Promise<void>;
  restart(options: {track: MediaStreamTrack}): Promise<void>;
  destroy(): Promise<void>;
}

/** For LocalVideoTrack.setProcessor(). */
export function eyelineProcessor(options?: CorrectOptions): EyelineProcessor;
