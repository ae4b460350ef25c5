import type {Corrected, CorrectOptions} from '../eyeline.js';

/** Makes the sender send its camera corrected; stop() restores the camera. */
export function correctSender(sender: RTCRtpSender, options?: CorrectOptions): Promise<Corrected>;
