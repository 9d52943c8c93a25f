import { ErrorReason } from "@maru/protocol";
import type { Connection } from "./connection.ts";
import { toErrorFrame, toRefusal } from "./error-frame.ts";
import type { GatewayParts } from "./gateway-parts.ts";

/** Tells the client of an error; the log too, when it is a fault of ours. */
export function refuse(
  { metrics, log }: GatewayParts,
  connection: Connection,
  requestId: string,
  thrown: unknown,
): void {
  const refusal = toRefusal(thrown);
  metrics.refusals.inc({ reason: ErrorReason[refusal.reason] });
  if (refusal.reason === ErrorReason.INTERNAL) {
    log.error({ error: thrown, sessionId: connection.sessionId, requestId }, "a frame could not be served");
  }
  connection.send(toErrorFrame(requestId, refusal));
}
