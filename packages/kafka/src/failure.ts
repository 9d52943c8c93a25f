import { AttemptTimeoutError, ShortAnswerError } from "./errors.ts";

/**
 * What a failed send asks for: `retry` the same batch; `retry-anew`, with a new producer id, because broker and driver no
 * longer agree on the sequence; the batch is `too-large`; or the messages are `refused` for good.
 */
export type FailureKind = "retry" | "retry-anew" | "too-large" | "refused";

const TOO_LARGE = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"]);
const SEQUENCE_LOST = new Set([
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "DUPLICATE_SEQUENCE_NUMBER",
  "UNKNOWN_PRODUCER_ID",
  "INVALID_PRODUCER_EPOCH",
  "INVALID_PRODUCER_ID_MAPPING",
]);
/** Marked as final by kafkajs, and yet they pass. */
const PASSING = new Set(["UNKNOWN", "BROKER_NOT_AVAILABLE", "STALE_BROKER_EPOCH", "STALE_CONTROLLER_EPOCH"]);
const PASSING_NAMES = new Set([
  "KafkaJSLockTimeout",
  "KafkaJSNumberOfRetriesExceeded",
  "KafkaJSTimeout",
  "TimeoutError", // of a signal that bounds an attempt
]);

/** Decides what to do about an error of a kafkajs send. */
export function failureKind(error: unknown): FailureKind {
  for (const link of chainOf(error)) {
    if (link instanceof ShortAnswerError || link instanceof AttemptTimeoutError) return "retry-anew";
    const { type = "", name = "" } = link as { type?: string; name?: string };
    if (TOO_LARGE.has(type)) return "too-large";
    if (SEQUENCE_LOST.has(type)) return "retry-anew";
    if (PASSING.has(type) || PASSING_NAMES.has(name)) return "retry";
  }
  const root = chainOf(error).at(-1) as { retriable?: boolean } | undefined;
  return root?.retriable === true ? "retry" : "refused";
}

/** The error and what caused it, outermost first. */
export function chainOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let e = error; typeof e === "object" && e !== null && !chain.includes(e); e = (e as { cause?: unknown }).cause) {
    chain.push(e);
  }
  return chain;
}
