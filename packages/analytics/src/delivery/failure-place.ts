import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";

/** A record that did not reach the lake, whole, as Lambda gave it: bytes in base64. */
export interface FailedRecord {
  readonly why: string;
  readonly record: LambdaStreamRecord;
}

/** Keeps what could not be delivered until it is redriven. */
export interface FailurePlace {
  /** Resolves when the records are stored. */
  write(records: readonly FailedRecord[], signal: AbortSignal): Promise<void>;
}

/** Lambda's own failure destination gets positions in a stream that forgets after 24 hours: this has the records. */
export function failureLines(records: readonly FailedRecord[]): string {
  return records.map((failed) => `${JSON.stringify(failed)}\n`).join("");
}

export function parseFailureLines(text: string): FailedRecord[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as FailedRecord);
}
