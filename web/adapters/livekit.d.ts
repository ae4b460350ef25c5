import type {Corrected, CorrectOptions} from '../eyeline.js';

/** A TrackProcessor of livekit-client 2, without a dependency on its types. */
export interface EyelineProcessor {
  name: string;
  processedTrack?: MediaStreamTrack;
  /** Settings, statistics and events, while active. */
  corrected?: Corrected;
  init(options: {track: MediaStreamTrack}): Promise<void>;
  restart(options: {track: MediaStreamTrack}): Promise<void>;
  destroy(): Promise<void>;
}

/** For LocalVideoTrack.setProcessor(). */
export function eyelineProcessor(options?: CorrectOptions): EyelineProcessor;
