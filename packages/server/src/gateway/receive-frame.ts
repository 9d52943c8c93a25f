import { ErrorReason } from "@maru/protocol";
import { type ClientFrame, ClientFrameSchema } from "@maru/protocol/realtime";
import { MaruError } from "../errors.ts";
import { closeCodes } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { greet } from "./greet.ts";
import { handleFrame } from "./handle-frame.ts";
import { refuse } from "./refuse.ts";

const maxRequestIdBytes = 64;

/** Takes a message of a client. Whatever it holds, nothing is thrown. */
export function receiveFrame(parts: GatewayParts, connection: Connection, data: Buffer, isBinary: boolean): void {
  if (connection.state === "closed") {
    stopReading(connection);
    return;
  }
  const waitMs = takeBudget(parts, connection);
  let frame: ClientFrame;
  try {
    frame = connection.encoding.decode(data, isBinary);
  } catch (error) {
    refuse(parts, connection, "", error);
    connection.close(closeCodes.invalidFrame);
    return;
  }
  const requestId = Buffer.byteLength(frame.requestId) <= maxRequestIdBytes ? frame.requestId : "";
  if (waitMs !== 0) {
    refuseFlood(parts, connection, requestId, waitMs);
    return;
  }
  try {
    parts.validate(ClientFrameSchema, frame);
    accept(parts, connection, frame);
  } catch (error) {
    refuse(parts, connection, requestId, error);
    if (connection.state === "new") connection.close(closeCodes.invalidFrame);
  }
}

/**
 * WebSocket's own pings and pongs count as frames, and as signs of life. True: it may be answered, which makes no sense
 * where the client does not read.
 */
export function receiveControl(parts: GatewayParts, connection: Connection): boolean {
  if (connection.state === "closed") {
    stopReading(connection);
    return false;
  }
  const waitMs = takeBudget(parts, connection);
  if (waitMs === "flood") refuseFlood(parts, connection, "", waitMs);
  return waitMs === 0 && connection.bufferedBytes <= parts.limits.maxBufferedBytes;
}

function takeBudget({ metrics, steadyMs }: GatewayParts, connection: Connection): number | "flood" {
  metrics.counts.framesReceived += 1;
  const nowMs = steadyMs();
  connection.heardAtMs = nowMs;
  return connection.budget.take(nowMs);
}

function accept(parts: GatewayParts, connection: Connection, frame: ClientFrame): void {
  if (connection.state === "open") {
    handleFrame(parts, connection, frame);
  } else if (connection.state === "checking") {
    connection.early ??= [];
    connection.early.push(frame);
  } else if (frame.kind.case === "hello") {
    void greet(parts, connection, frame.requestId, frame.kind.value);
  } else {
    throw new MaruError(ErrorReason.INVALID_REQUEST, { message: "the first frame must be a hello" });
  }
}

function refuseFlood(parts: GatewayParts, connection: Connection, requestId: string, waitMs: number | "flood"): void {
  const { perSecond } = parts.limits.frameRate;
  const message = `the connection sends more than ${perSecond} frames a second`;
  const retryAfterMs = waitMs === "flood" ? 0 : waitMs;
  refuse(parts, connection, requestId, new MaruError(ErrorReason.RATE_LIMITED, { message, retryAfterMs }));
  if (waitMs === "flood") connection.close(closeCodes.tooManyFrames);
}

/** Who goes on after the end is not listened to: what comes waits in the client, and costs nothing here. */
function stopReading({ socket }: Connection): void {
  if (!socket.isPaused) socket.pause();
}
