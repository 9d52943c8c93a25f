import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "@maru/protocol";
import type { Hello } from "@maru/protocol/realtime";
import type { VerifiedToken } from "../identity/tokens.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import { encodeFrame } from "./encoded-frame.ts";
import { toRefusal } from "./error-frame.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { handleFrame } from "./handle-frame.ts";
import { refuse } from "./refuse.ts";

/** Finds out who connects. Frames that come meanwhile are taken up after the welcome. Does not reject. */
export async function greet(
  parts: GatewayParts,
  connection: Connection,
  requestId: string,
  { token, client }: Hello,
): Promise<void> {
  connection.state = "checking";
  try {
    const verified = await parts.verifyToken(token);
    if (connection.state === "checking") welcome(parts, connection, verified, client);
  } catch (error) {
    refuse(parts, connection, requestId, error);
    connection.close(closeCodeOf(error));
  }
}

function welcome(parts: GatewayParts, connection: Connection, verified: VerifiedToken, client: string): void {
  const { connections, limits, clock, rooms, log } = parts;
  const userId = verified.subject;
  if (connections.countOf(userId) >= limits.maxConnectionsPerUser) {
    connection.close(closeCodes.tooManyConnections);
    return;
  }
  connections.entered(userId);
  connection.userId = userId;
  connection.tokenGoodUntilMs = verified.goodUntilMs;
  connection.state = "open";
  const { sessionId, encoding } = connection;
  log.debug({ sessionId, userId, client, encoding: encoding.subprotocol }, "a user connected");
  connection.send(
    encodeFrame({
      case: "welcome",
      value: {
        userId,
        sessionId,
        serverTime: timestampFromMs(clock.nowMs()),
        tokenExpiresAt: timestampFromMs(verified.expiresAtMs),
        limits: {
          maxFrameBytes: limits.maxFrameBytes,
          framesPerSecond: limits.frameRate.perSecond,
          maxFollowedRooms: limits.maxFollowedRooms,
          maxResumeEntries: limits.maxResumeEntries,
          pingTimeoutMs: limits.pingTimeoutMs,
          heartbeatMs: limits.heartbeatMs,
        },
      },
    }),
  );
  rooms.connected(connection);
  const early = connection.early ?? [];
  connection.early = undefined;
  for (const frame of early) handleFrame(parts, connection, frame);
}

function closeCodeOf(error: unknown): CloseCode {
  const { reason } = toRefusal(error);
  if (reason === ErrorReason.TOKEN_EXPIRED) return closeCodes.tokenExpired;
  return reason === ErrorReason.TOKEN_INVALID ? closeCodes.tokenInvalid : closeCodes.fault;
}
