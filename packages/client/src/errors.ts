import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ERROR_DOMAIN,
  ErrorInfoSchema,
  ErrorReason,
  RequestInfoSchema,
  RetryInfoSchema,
  reasonFromName,
  reasonName,
} from "@maru/protocol";
import { type StatusName, statusName } from "./status-name.ts";

/** One rule of the contract that a request broke. */
export interface FieldViolation {
  /** Path of the field in the request, in the contract's spelling, for example `content.text.text`. */
  readonly field: string;
  /** What is wrong with it, for people. */
  readonly description: string;
}

/** What a {@link MaruError} is made of. */
export interface MaruErrorInit {
  readonly message: string;
  readonly reason: ErrorReason;
  readonly code: Code;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly attempts?: number;
  readonly cause?: unknown;
}

/** Marks errors of this class across copies of the package. */
const brand = Symbol.for("@maru/client/MaruError");

/**
 * The one error that calls reject with. Ask what it is with {@link isReason}; `instanceof` works too, also when an
 * application holds two copies of this package.
 *
 * @example
 * try {
 *   await maru.messages.send({ roomId, actor: user("u1"), content: text("hi") });
 * } catch (err) {
 *   if (isReason(err, ErrorReason.ROOM_FROZEN)) console.log(err.metadata.roomId);
 *   else throw err;
 * }
 */
export class MaruError extends Error {
  override readonly name = "MaruError";
  /** Why the call was refused. `UNSPECIFIED` when no server of Maru said: a proxy answered, or nobody did. */
  readonly reason: ErrorReason;
  /** Name of the gRPC status code, `FAILED_PRECONDITION` for example. */
  readonly code: StatusName;
  /** Number of the gRPC status code, 9 for example. */
  readonly codeNumber: number;
  /** The facts that the reason's comment in the contract lists, by name in lowerCamelCase: `roomId`, `lastSeq`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that broke a rule, for `INVALID_REQUEST`; else empty. */
  readonly violations: readonly FieldViolation[];
  /** Leads to the server's log; undefined when no server answered. */
  readonly requestId: string | undefined;
  /** The server asks to wait so long before the next try; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;
  /** How often the call was tried; 0 when it never left this process. */
  readonly attempts: number;

  /** Made by the client. Make one yourself only in tests. */
  constructor(init: MaruErrorInit) {
    super(init.message, { cause: init.cause });
    this.reason = init.reason;
    this.code = statusName(init.code);
    this.codeNumber = init.code;
    this.metadata = init.metadata ?? {};
    this.violations = init.violations ?? [];
    this.requestId = init.requestId;
    this.retryAfterMs = init.retryAfterMs;
    this.attempts = init.attempts ?? 0;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of any copy of this class. */
  static override [Symbol.hasInstance](value: unknown): value is MaruError {
    return value instanceof Error && Reflect.get(value, brand) === true;
  }
}

/**
 * Whether an error is Maru's and has this reason, or one of these.
 *
 * @example if (isReason(err, ErrorReason.ROOM_FROZEN, ErrorReason.ROOM_CLOSED)) return;
 */
export function isReason<R extends ErrorReason>(
  error: unknown,
  ...reasons: readonly [R, ...R[]]
): error is MaruError & { readonly reason: R } {
  return error instanceof MaruError && reasons.some((reason) => reason === error.reason);
}

/**
 * Any thrown value as a {@link MaruError}: the one place where the wire's errors become Maru's. Total: an error that
 * carries no reason of Maru gets the reason `UNSPECIFIED` and keeps its status code.
 *
 * @param attempts how often the call was tried
 */
export function toMaruError(thrown: unknown, attempts = 0): MaruError {
  if (thrown instanceof MaruError) return thrown;
  const error = ConnectError.from(thrown);
  const info = error.findDetails(ErrorInfoSchema).find((detail) => detail.domain === ERROR_DOMAIN);
  const reason = info === undefined ? localReason(error.code) : reasonFromName(info.reason);
  const retryDelay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return new MaruError({
    message: `[${describe(reason, info?.reason, error.code)}] ${error.rawMessage}`,
    reason,
    code: error.code,
    metadata: toCamelKeys(info?.metadata ?? {}),
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap((detail) => detail.fieldViolations.map(({ field, description }) => ({ field, description }))),
    requestId: requestIdOf(error),
    retryAfterMs: retryDelay === undefined ? undefined : durationMs(retryDelay),
    attempts,
    cause: error,
  });
}

/** Two codes say all there is to say, whoever gives them: the caller's own deadline and abort need no server. */
function localReason(code: Code): ErrorReason {
  if (code === Code.Canceled) return ErrorReason.CANCELLED;
  if (code === Code.DeadlineExceeded) return ErrorReason.DEADLINE_EXCEEDED;
  return ErrorReason.UNSPECIFIED;
}

function describe(reason: ErrorReason, wireName: string | undefined, code: Code): string {
  if (reason !== ErrorReason.UNSPECIFIED) return reasonName(reason).replace("ERROR_REASON_", "");
  return wireName === undefined ? statusName(code) : `${statusName(code)}, ${wireName}`;
}

function requestIdOf(error: ConnectError): string | undefined {
  return error.metadata.get("x-request-id") ?? error.findDetails(RequestInfoSchema)[0]?.requestId;
}

function toCamelKeys(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase()),
      value,
    ]),
  );
}
