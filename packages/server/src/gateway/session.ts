import type { CloseCode } from "./close-codes.ts";
import type { EncodedFrame } from "./encoded-frame.ts";

/** A socket whose user is known, as the rooms see it. */
export interface Session {
  readonly sessionId: string;
  readonly userId: string;
  /** Never waits. Sent together with what else is sent in this tick; a session that reads too slowly is closed. */
  send(frame: EncodedFrame): void;
  close(code: CloseCode): void;
}
