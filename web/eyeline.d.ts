/** Types of eyeline.js, for whoever uses it from TypeScript; docs/integrate.md says what everything does. */

export type Place = 'relay' | 'here';

/** How eyes are to be turned. Strength in percent; angles in degrees, + up and + to the unmirrored picture's right. */
export interface Correction {
  enabled: boolean;
  mode: 'natural' | 'teleprompter';
  strength: number;
  pitch: number;
  yaw: number;
}

/** Correction, and which machine moves the pixels: the relay, or this browser by what the relay says. */
export interface EyelineSettings extends Correction {
  where: Place;
}

/** A meeting that the relay itself is to publish the corrected track in; docs/api.md. */
export type Publish =
  | {janus: string; room: string | number; pin?: string; display?: string}
  | {whip: string; token?: string};

/** A token, or what gives one; called again when the relay no longer takes the last one. */
export type TokenSource = string | (() => string | Promise<string>);

export interface CorrectOptions extends Partial<EyelineSettings> {
  /** The relay's address; by default where this module was loaded from. */
  relay?: string;
  token?: TokenSource;
  /** A microphone's track: it makes the same journey, and stays in step with the picture. */
  audio?: MediaStreamTrack | null;
  publish?: Publish;
  /** Ends it, as stop() does. */
  signal?: AbortSignal;
  /** How frames travel in this browser, whatever it can do; for tests. */
  route?: 'worker' | 'canvas';
}

export type State = 'connecting' | 'corrected' | 'raw' | 'stopped';

/** How the connection to the relay is doing. */
export type Phase = 'connecting' | 'live' | 'quiet' | 'waiting' | 'refused' | 'stopped';

export interface StateDetail {
  /** What `track` shows now. */
  state: State;
  phase: Phase;
  /** Why it is raw, for programs; empty where nothing is wrong. */
  code: string;
  /** The same in a sentence for people, which says what to do. */
  message: string;
}

export interface Spread {
  p50: number;
  p95: number;
}

export interface Stats {
  state: State;
  where: Place;
  /** Frames that `track` has shown, by where they came from. */
  track: {route: 'worker' | 'canvas'; raw: number; corrected: number; dropped: number};
  /** Whether eyes were turned in the last second, in what share of the frames (0..1), and why not in the others. */
  altered: boolean;
  share: number;
  reason: string;
  /** There and back of a message, milliseconds. */
  trip_ms: number | null;
  /** The way of the picture but for the relay's own work, milliseconds; null where no picture comes back. */
  way_ms: number | null;
  up_mbps: number | null;
  down_mbps: number | null;
  /** Whether sound flows; null without sound. Suspended: the browser waits for a click or a key. */
  sound: 'running' | 'suspended' | null;
  /** From here on as docs/api.md says, of whoever warps. */
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

/** Moments of performance.now(); frames by the camera's count, here of those whose results were used. */
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
  /** Settings that the relay has changed by itself, after a calibration. */
  settings: CustomEvent<EyelineSettings>;
  /** Once a second while the relay is there. */
  stats: CustomEvent<Stats>;
  /** News of the meeting that the relay publishes in. */
  meeting: CustomEvent<MeetingDetail>;
  /** Every message of the relay but answers to pings; docs/api.md. */
  message: CustomEvent<{type: string; [name: string]: unknown}>;
  /** What GET /api/config says, before each connection. */
  config: CustomEvent<Record<string, unknown>>;
}

export class Corrected extends EventTarget {
  /** As correctTrack(), without waiting for anything. Throws TypeError for a wrong argument. */
  constructor(camera: MediaStreamTrack, options?: CorrectOptions);
  /** The same track for ever: the corrected picture, and the camera's own whenever anything is wrong. */
  readonly track: MediaStreamTrack;
  /** The same track for ever, in step with the picture; null until there is a microphone. */
  readonly audio: MediaStreamTrack | null;
  readonly state: State;
  readonly phase: Phase;
  /** The latest `state` event's detail. */
  readonly status: StateDetail;
  readonly settings: EyelineSettings;
  /** Changes what is named. Throws TypeError for what is unknown or out of range. */
  change(settings: Partial<EyelineSettings>): void;
  stats(): Stats;
  /** What was done to each frame in this browser since this was last asked; undefined where the relay warps. */
  spans(): Told | undefined;
  /** Another camera from now on; its owner stops the former one. */
  replaceCamera(camera: MediaStreamTrack): Promise<void>;
  /** Another microphone from now on, or none. */
  replaceMicrophone(microphone: MediaStreamTrack | null): Promise<void>;
  /** Sends the relay a message, if it is there; docs/api.md. */
  say(message: object): void;
  /** Asks the relay again now, whatever it said before. */
  retry(): void;
  /** Ends both tracks and the session. Camera and microphone stay their owner's. */
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

/** The camera's track with the eyes turned. Resolves at once; rejects with TypeError for a wrong argument only. */
export function correctTrack(camera: MediaStreamTrack, options?: CorrectOptions): Promise<Corrected>;
