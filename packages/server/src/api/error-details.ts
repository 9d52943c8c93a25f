import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ERROR_DOMAIN,
  ErrorInfoSchema,
  ErrorReason,
  RequestInfoSchema,
  RetryInfoSchema,
  reasonName,
  StatusSchema,
} from "@maru/protocol";
import { errorTable, MaruError, type StatusName } from "../errors.ts";

const codes: Record<StatusName, Code> = {
  INVALID_ARGUMENT: Code.InvalidArgument,
  UNAUTHENTICATED: Code.Unauthenticated,
  PERMISSION_DENIED: Code.PermissionDenied,
  NOT_FOUND: Code.NotFound,
  ALREADY_EXISTS: Code.AlreadyExists,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  ABORTED: Code.Aborted,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  UNAVAILABLE: Code.Unavailable,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  CANCELLED: Code.Canceled,
  UNIMPLEMENTED: Code.Unimplemented,
  INTERNAL: Code.Internal,
};

export function codeOf(reason: ErrorReason): Code {
  return codes[errorTable[reason].status];
}

// Details travel in a header, and clients refuse headers of more than 8 KiB.
const maxViolations = 12;
const maxTextChars = 256;
const maxFieldChars = 128;
const shortened = (text: string, maxChars = maxTextChars) => text.slice(0, maxChars).toWellFormed();

interface Detail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

function detail<Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>): Detail {
  return { desc, value: create(desc, value) };
}

/**
 * What is sent for an error. Only a MaruError, and a ConnectError by which a contract that is not ours (health,
 * reflection) answers, say what happened; anything else says no more than the request id.
 */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  const requestInfo = detail(RequestInfoSchema, { requestId });
  if (error instanceof MaruError) {
    const metadata = Object.fromEntries(Object.entries(error.metadata).map(([key, text]) => [key, shortened(text)]));
    const details = [detail(ErrorInfoSchema, { reason: reasonName(error.reason), domain: ERROR_DOMAIN, metadata })];
    if (error.violations.length > 0) {
      const fieldViolations = toFieldViolations(error.violations);
      details.push(detail(BadRequestSchema, { fieldViolations }));
    }
    if (error.retryAfterMs !== undefined) {
      details.push(detail(RetryInfoSchema, { retryDelay: toDuration(error.retryAfterMs) }));
    }
    details.push(requestInfo);
    const code = codeOf(error.reason);
    return new ConnectError(shortened(error.message), code, undefined, details, error.cause);
  }
  if (error instanceof ConnectError) {
    return new ConnectError(shortened(error.rawMessage), error.code, undefined, [requestInfo], error.cause);
  }
  return toConnectError(new MaruError(ErrorReason.INTERNAL, { cause: error }), requestId);
}

function toFieldViolations(violations: MaruError["violations"]) {
  const told = violations.slice(0, maxViolations).map(({ field, description }) => ({
    field: shortened(field, maxFieldChars),
    description: shortened(description),
  }));
  const untold = violations.length - told.length;
  return untold === 0 ? told : [...told, { field: "", description: `and ${untold} more` }];
}

function toDuration(durationMs: number) {
  const wholeMs = Math.max(0, Math.ceil(durationMs));
  return { seconds: BigInt(Math.floor(wholeMs / 1000)), nanos: (wholeMs % 1000) * 1_000_000 };
}

/** The error as the `grpc-status-details-bin` of gRPC carries it. */
export function toStatusBytes(error: ConnectError): Uint8Array {
  const details = error.details.map((one) =>
    "desc" in one
      ? create(AnySchema, {
          typeUrl: `type.googleapis.com/${one.desc.typeName}`,
          value: toBinary(one.desc, create(one.desc, one.value)),
        })
      : create(AnySchema, { typeUrl: `type.googleapis.com/${one.type}`, value: one.value }),
  );
  return toBinary(StatusSchema, create(StatusSchema, { code: error.code, message: error.rawMessage, details }));
}
