import { MaruError as CallError } from "@maru/client";
import { ErrorReason } from "@maru/protocol";
import { errorTable, MaruError } from "../errors.ts";
import { type EncodedFrame, encodeFrame } from "./encoded-frame.ts";

/** When a client may try again what no server has refused for good, where the server does not say. */
const retryAfterMs = 1_000;
const maxViolations = 12;
const maxTextChars = 256;

/** Refusals of the gateway's own call, not of what the user asked for. */
const ofTheGateway: ReadonlySet<ErrorReason> = new Set([
  ErrorReason.CALLER_NOT_ALLOWED,
  ErrorReason.TOKEN_MISSING,
  ErrorReason.TOKEN_INVALID,
  ErrorReason.TOKEN_EXPIRED,
  ErrorReason.METHOD_UNKNOWN,
]);

/** What a client is told of an error, whoever threw it; `metadata` is told beside the error's own. */
export function toErrorFrame(
  requestId: string,
  thrown: unknown,
  metadata: Readonly<Record<string, string>> = {},
): EncodedFrame {
  const error = toRefusal(thrown);
  return encodeFrame({
    case: "error",
    value: {
      requestId,
      reason: error.reason,
      message: shortened(error.message),
      metadata: { ...violationsOf(error), ...metadata, ...shortenedValues(error.metadata) },
      retryAfterMs: Math.max(0, Math.ceil(error.retryAfterMs ?? (isPassing(error.reason) ? retryAfterMs : 0))),
    },
  });
}

/** An error of the domain's kind. Anything that is not known says INTERNAL, and no more. */
export function toRefusal(thrown: unknown): MaruError {
  if (thrown instanceof MaruError) return thrown;
  if (!(thrown instanceof CallError) || ofTheGateway.has(thrown.reason)) return internal(thrown);
  if (thrown.reason === ErrorReason.UNSPECIFIED) return nobodyAnswered(thrown);
  return new MaruError(thrown.reason, {
    message: thrown.message.replace(/^\[[^\]]*\] /, ""),
    metadata: toSnakeKeys(thrown.metadata),
    violations: thrown.violations,
    cause: thrown,
    ...(thrown.retryAfterMs !== undefined && { retryAfterMs: thrown.retryAfterMs }),
  });
}

function nobodyAnswered(error: CallError): MaruError {
  if (error.code !== "UNAVAILABLE") return internal(error);
  return new MaruError(ErrorReason.STORE_UNAVAILABLE, {
    message: "no server answered. Whether a write took place is not known: repeat it with the same key",
    cause: error,
  });
}

function internal(cause: unknown): MaruError {
  return new MaruError(ErrorReason.INTERNAL, { message: "the gateway failed in a way that it did not foresee", cause });
}

function isPassing(reason: ErrorReason): boolean {
  const { status } = errorTable[reason];
  return status === "UNAVAILABLE" || status === "DEADLINE_EXCEEDED" || reason === ErrorReason.APPEND_CONTENDED;
}

function violationsOf({ violations }: MaruError): Record<string, string> {
  return Object.fromEntries(
    violations.slice(0, maxViolations).map(({ field, description }) => [shortened(field), shortened(description)]),
  );
}

function shortenedValues(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, shortened(value)]));
}

function toSnakeKeys(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  );
}

const shortened = (text: string) => text.slice(0, maxTextChars).toWellFormed();
