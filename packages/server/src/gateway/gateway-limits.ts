import type { FrameRate } from "./frame-budget.ts";

/** What a gateway allows a connection, and how long it waits for one. */
export interface GatewayLimits {
  readonly maxFrameBytes: number;
  readonly frameRate: FrameRate;
  /** Sends and read marks of one connection that have no answer yet. */
  readonly maxSends: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
  readonly maxFollowedRooms: number;
  readonly maxResumeEntries: number;
  /** What may wait for a socket that does not read, when more is to be sent to it. */
  readonly maxBufferedBytes: number;
  readonly helloTimeoutMs: number;
  readonly pingTimeoutMs: number;
  readonly heartbeatMs: number;
}
