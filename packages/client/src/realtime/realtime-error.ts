import { ErrorReason, reasonName } from "@maru/protocol";
import type { Error as ErrorFrame } from "@maru/protocol/realtime";

/** What a {@link RealtimeError} is made of. */
export interface RealtimeErrorInit {
  readonly message: string;
  readonly reason?: ErrorReason;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number | undefined;
  readonly closeCode?: number | undefined;
  readonly cause?: unknown;
}

/** Marks errors of this class across copies of the package. */
const brand = Symbol.for("@maru/client/RealtimeError");

/**
 * The one error of `@maru/client/realtime`: what a room's loop throws, what `sending.done` rejects with, and why a connection
 * is closed for good. Ask what it is with {@link isReason}.
 *
 * @example
 * try {
 *   for await (const item of realtime.room(roomId)) show(item);
 * } catch (err) {
 *   if (isReason(err, ErrorReason.NOT_A_MEMBER)) leaveRoom(roomId);
 *   else throw err;
 * }
 */
export class RealtimeError extends Error {
  override readonly name = "RealtimeError";
  /** Why, with the same reasons as calls over RPC. `CANCELLED` after `close()`; `UNSPECIFIED` when no gateway said. */
  readonly reason: ErrorReason;
  /** The facts that the reason's comment in the contract lists, by name in lowerCamelCase: `roomId`, `seq`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The gateway asks to wait so long before the next try; undefined when it would be refused again. */
  readonly retryAfterMs: number | undefined;
  /** The WebSocket close code, when a close was the reason. 4200 to 4299: the gateway asks not to come back. */
  readonly closeCode: number | undefined;

  /** Made by the client. Make one yourself only in tests. */
  constructor(init: RealtimeErrorInit) {
    super(init.message, { cause: init.cause });
    this.reason = init.reason ?? ErrorReason.UNSPECIFIED;
    this.metadata = init.metadata ?? {};
    this.retryAfterMs = init.retryAfterMs;
    this.closeCode = init.closeCode;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of any copy of this class. */
  static override [Symbol.hasInstance](value: unknown): value is RealtimeError {
    return value instanceof Error && Reflect.get(value, brand) === true;
  }
}

/**
 * Whether an error is one of this entry point and has this reason, or one of these.
 *
 * @example if (isReason(err, ErrorReason.ROOM_FROZEN, ErrorReason.ROOM_CLOSED)) hideInput();
 */
export function isReason<R extends ErrorReason>(
  error: unknown,
  ...reasons: readonly [R, ...R[]]
): error is RealtimeError & { readonly reason: R } {
  return error instanceof RealtimeError && reasons.some((reason) => reason === error.reason);
}

/** A gateway's error frame as an error. */
export function toRealtimeError(frame: ErrorFrame): RealtimeError {
  const name = reasonName(frame.reason).replace("ERROR_REASON_", "");
  return new RealtimeError({
    message: `[${name}] ${frame.message}`,
    reason: frame.reason,
    metadata: toCamelKeys(frame.metadata),
    retryAfterMs: frame.retryAfterMs === 0 ? undefined : frame.retryAfterMs,
  });
}

/** What everything that waits is told when the app closes the connection. */
export function closedError(): RealtimeError {
  return new RealtimeError({
    message: "[CANCELLED] the connection was closed by the app",
    reason: ErrorReason.CANCELLED,
  });
}

/** Those that pass by themselves, whether or not the gateway says when to try again. */
const passing: ReadonlySet<ErrorReason> = new Set([
  ErrorReason.STORE_UNAVAILABLE,
  ErrorReason.DRAINING,
  ErrorReason.DEADLINE_EXCEEDED,
  ErrorReason.CANCELLED,
  ErrorReason.APPEND_CONTENDED,
  ErrorReason.RATE_LIMITED,
  ErrorReason.IDENTITY_UNAVAILABLE,
  ErrorReason.REALTIME_UNAVAILABLE,
]);

/** Whether the same may succeed later. A fault of the gateway is given a few tries: it may have been the one of a moment. */
export function mayPass(error: RealtimeError, attempts: number): boolean {
  if (error.retryAfterMs !== undefined || passing.has(error.reason)) return true;
  return error.reason === ErrorReason.INTERNAL && attempts < 5;
}

function toCamelKeys(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase()),
      value,
    ]),
  );
}
