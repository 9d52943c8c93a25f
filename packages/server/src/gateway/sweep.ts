import { closeCodes } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { pongFrame } from "./handle-frame.ts";

/** One look at all connections: ends those that are silent or out of time, and gives signs of life to the others. */
export function sweep(parts: GatewayParts): void {
  const wallMs = parts.clock.nowMs();
  const beat: Beat = { wallMs, nowMs: parts.steadyMs(), plainPong: pongFrame("", [], wallMs) };
  for (const connection of parts.connections) {
    try {
      look(parts, connection, beat);
    } catch (error) {
      parts.log.error({ error, sessionId: connection.sessionId }, "a connection failed");
      connection.close(closeCodes.fault);
    }
  }
}

interface Beat {
  readonly wallMs: number;
  readonly nowMs: number;
  readonly plainPong: EncodedFrame;
}

function look({ limits, rooms }: GatewayParts, connection: Connection, { wallMs, nowMs, plainPong }: Beat): void {
  if (connection.state === "closed") return;
  if (connection.state !== "open") {
    if (nowMs - connection.openedAtMs > limits.helloTimeoutMs) connection.close(closeCodes.helloTimeout);
  } else if (nowMs - connection.heardAtMs > limits.pingTimeoutMs) {
    connection.close(closeCodes.silent);
  } else if (wallMs >= connection.tokenGoodUntilMs) {
    connection.close(closeCodes.tokenExpired);
  } else if (nowMs - connection.sentAtMs > connection.beatMs) {
    const tails = rooms.recentTails(connection);
    connection.send(tails.length === 0 ? plainPong : pongFrame("", tails, wallMs));
  }
}

/** Often enough for the shortest of the times that it keeps. */
export function sweepIntervalMs({ limits }: Pick<GatewayParts, "limits">): number {
  const shortestMs = Math.min(limits.helloTimeoutMs, limits.pingTimeoutMs, limits.heartbeatMs);
  return Math.min(1_000, Math.max(10, Math.floor(shortestMs / 10)));
}
