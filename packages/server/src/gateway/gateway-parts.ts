import type { Maru } from "@maru/client";
import type { Validate } from "../api/validation.ts";
import type { Clock } from "../domain/clock.ts";
import type { VerifiedToken } from "../identity/tokens.ts";
import type { Log } from "../log.ts";
import type { Connections } from "./connections.ts";
import type { GatewayLimits } from "./gateway-limits.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Rooms } from "./rooms.ts";

/** What the work on frames uses. */
export interface GatewayParts {
  readonly limits: GatewayLimits;
  readonly rooms: Rooms;
  readonly maru: Pick<Maru, "messages" | "reads">;
  /** The user of a token. Throws MaruError. */
  readonly verifyToken: (token: string) => Promise<VerifiedToken>;
  readonly validate: Validate;
  readonly connections: Connections;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  /** Never goes back. */
  readonly steadyMs: () => number;
  readonly log: Log;
}
