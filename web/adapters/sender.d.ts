import type {Corrected, CorrectOptions} from '../eyeline.js';

/** From now on the sender sends its camera corrected; with stop(), as it is again. */
export function correctSender(sender: RTCRtpSender, options?: CorrectOptions): Promise<Corrected>;
