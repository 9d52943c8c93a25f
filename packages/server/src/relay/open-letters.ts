import type { ConsumedRecord } from "@maru/kafka";
import { DeadLetterHeader } from "./dead-letter.ts";

/** A dead letter as it lies in its topic. */
export interface OpenLetter {
  readonly roomId: string;
  readonly sortKey: string;
  readonly seq: number | undefined;
  readonly kind: string;
  readonly why: string;
  readonly shard: string;
  readonly sequenceNumber: string | undefined;
  readonly relayedAt: string;
  /** The stream's record, as JSON. */
  readonly json: string;
}

/** The letters that are not over, each item once, the oldest first. A relay that repeats writes its letters again. */
export function toOpenLetters(records: readonly ConsumedRecord[]): OpenLetter[] {
  const open = new Map<string, OpenLetter>();
  for (const record of records) {
    const roomId = textOf(record.key);
    const sortKey = record.headers[DeadLetterHeader.sortKey] ?? "";
    const name = `${roomId}\n${sortKey}`;
    if (record.value === null) open.delete(name);
    else open.set(name, toLetter(record, roomId, sortKey));
  }
  return [...open.values()].sort((a, b) => a.relayedAt.localeCompare(b.relayedAt));
}

/** Says that a letter is over. */
export function overLetter({ roomId, sortKey }: Pick<OpenLetter, "roomId" | "sortKey">) {
  return { key: roomId, value: null, headers: { [DeadLetterHeader.sortKey]: sortKey } };
}

function toLetter({ headers, value }: ConsumedRecord, roomId: string, sortKey: string): OpenLetter {
  const seq = headers[DeadLetterHeader.seq];
  return {
    roomId,
    sortKey,
    seq: seq === undefined ? undefined : Number(seq),
    kind: headers[DeadLetterHeader.kind] ?? "",
    why: headers[DeadLetterHeader.why] ?? "",
    shard: headers[DeadLetterHeader.shard] ?? "",
    sequenceNumber: headers[DeadLetterHeader.sequenceNumber],
    relayedAt: headers[DeadLetterHeader.relayedAt] ?? "",
    json: textOf(value),
  };
}

function textOf(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString();
}
