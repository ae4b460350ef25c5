/** Types of eyeline.js for TypeScript; documented in docs/integrate.md. */

export type Place = 'relay' | 'here';

/** How the eyes are turned. Strength in percent; angles in degrees, positive up and to the unmirrored frame's right. */
export interface Correction {
  enabled: boolean;
  mode: 'natural' | 'teleprompter';
  strength: number;
  pitch: number;
  yaw: number;
}

/** Correction, and where frames are warped: at the relay, or in this browser from the relay's landmarks and fields. */
export interface EyelineSettings extends Correction {
  where: Place;
}

/** A meeting in which the relay itself publishes the corrected track; docs/api.md. */
export type Publish =
  | {janus: string; room: string | number; pin?: string; display?: string}
  | {whip: string; token?: string};

/** A token, or a function that returns one; called again when the relay refuses the last one. */
export type TokenSource = string | (() => string | Promise<string>);

export interface CorrectOptions extends Partial<EyelineSettings> {
  /** The relay's address; defaults to where this module was loaded from. */
  relay?: string;
  token?: TokenSource;
  /** A microphone's track: sent through the relay as well, so it stays in sync with the video. */
  audio?: MediaStreamTrack | null;
  publish?: Publish;
  /** Stops everything, as stop() does. */
  signal?: AbortSignal;
  /** Forces how frames are processed in this browser; for tests. */
  route?: 'worker' | 'canvas';
}

export type State = 'connecting' | 'corrected' | 'raw' | 'stopped';

/** State of the connection to the relay. */
export type Phase = 'connecting' | 'live' | 'quiet' | 'waiting' | 'refused' | 'stopped';

export interface StateDetail {
  /** What `track` shows now. */
  state: State;
  phase: Phase;
  /** Machine-readable reason why the track is raw; empty if nothing is wrong. */
  code: string;
  /** The same as a sentence for people, saying what to do. */
  message: string;
}

export interface Spread {
  p50: number;
  p95: number;
}

export interface Stats {
  state: State;
  where: Place;
  /** Frames that `track` has shown, by source. */
  track: {route: 'worker' | 'canvas'; raw: number; corrected: number; dropped: number};
  /** Whether frames of the last second were corrected, which share of them (0..1), and why the others were not. */
  altered: boolean;
  share: number;
  reason: string;
  /** Round trip time of a message, milliseconds. */
  trip_ms: number | null;
  /** Latency of the video without the relay's processing, milliseconds; null if no video is returned. */
  way_ms: number | null;
  up_mbps: number | null;
  down_mbps: number | null;
  /** State of the audio; null without audio. Suspended: the browser waits for a click or a key. */
  sound: 'running' | 'suspended' | null;
  /** The rest as in docs/api.md, measured where frames are warped. */
  width: number;
  height: number;
  fps_in: number;
  fps_out: number;
  faces: number;
  pipeline: string;
  frames: {in: number; out: number; dropped: number; corrected: number; passed: Record<string, number>};
  delay_ms: Spread | null;
  stages_ms: Record<string, Spread>;
  age_frames: Record<string, Spread>;
}

/**
 * Times are of performance.now(). Frames are numbered as the camera delivers them; landmarks and field: numbers of the
 * frames whose results were used.
 */
export interface Told {
  spans: {line: 'warp'; frame: number; begin: number; end: number}[];
  shown: {frame: number; at: number; landmarks: number | null; field: number | null; verdict: string}[];
}

export interface MeetingDetail {
  type: 'meeting';
  state: string;
  detail: string;
}

export interface CorrectedEvents {
  state: CustomEvent<StateDetail>;
  /** Settings that the relay itself changed, after a calibration. */
  settings: CustomEvent<EyelineSettings>;
  /** Once a second while connected. */
  stats: CustomEvent<Stats>;
  /** State changes of the meeting in which the relay publishes. */
  meeting: CustomEvent<MeetingDetail>;
  /** Every message of the relay except pongs; docs/api.md. */
  message: CustomEvent<{type: string; [name: string]: unknown}>;
  /** The response of GET /api/config, before each connection. */
  config: CustomEvent<Record<string, unknown>>;
}

export class Corrected extends EventTarget {
  /** As correctTrack(), but synchronous. Throws TypeError for a wrong argument. */
  constructor(camera: MediaStreamTrack, options?: CorrectOptions);
  /** Always the same track: corrected frames, or the camera's own whenever anything is wrong. */
  readonly track: MediaStreamTrack;
  /** Always the same track, in sync with the video; null until there is a microphone. */
  readonly audio: MediaStreamTrack | null;
  readonly state: State;
  readonly phase: Phase;
  /** The latest `state` event's detail. */
  readonly status: StateDetail;
  readonly settings: EyelineSettings;
  /** Changes the given settings. Throws TypeError for an unknown name or a value out of range. */
  change(settings: Partial<EyelineSettings>): void;
  stats(): Stats;
  /** What was done to each frame in this browser since the last call; undefined if the relay warps. */
  spans(): Told | undefined;
  /** Switches to another camera. The previous one is not stopped. */
  replaceCamera(camera: MediaStreamTrack): Promise<void>;
  /** Switches to another microphone, or to none. */
  replaceMicrophone(microphone: MediaStreamTrack | null): Promise<void>;
  /** Sends the relay a message if connected; docs/api.md. */
  say(message: object): void;
  /** Retries the connection now, even after a refusal. */
  retry(): void;
  /** Ends both tracks and the session. Camera and microphone are not stopped. */
  stop(): void;
  addEventListener<K extends keyof CorrectedEvents>(
    type: K, listener: (this: Corrected, event: CorrectedEvents[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof CorrectedEvents>(
    type: K, listener: (this: Corrected, event: CorrectedEvents[K]) => void,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;
}

/**
 * Returns the camera's track with the eyes corrected. Resolves at once; rejects with TypeError for a wrong argument
 * only.
 */
export function correctTrack(camera: MediaStreamTrack, options?: CorrectOptions): Promise<Corrected>;
