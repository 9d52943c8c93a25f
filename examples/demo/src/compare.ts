import type { SentRoom } from "./send.ts";

/** How what was sent to a room and what came out of Kafka agree. */
export interface RoomComparison {
  readonly title: string;
  readonly sent: number;
  /** Messages among the events. */
  readonly received: number;
  /** Numbers of stored entries that no event told of. */
  readonly missing: number;
  /** Events that came again, as they may after a consumer has joined its group anew. */
  readonly repeated: number;
  /** First occurrences that came after one with a higher number. */
  readonly outOfOrder: number;
  /** Events of messages whose text is not byte for byte what was sent. */
  readonly changed: number;
}

export function compareRoom(sent: SentRoom, received: readonly { seq: number; hash: string }[]): RoomComparison {
  const last = sent.messages.at(-1)?.[0] ?? 0;
  const hashes = new Map<number, string>();
  for (const { seq, hash } of received) if (!hashes.has(seq)) hashes.set(seq, hash);
  const texts = new Map(sent.messages);
  const firsts = [...hashes.keys()];
  const all = Array.from({ length: last }, (_, index) => index + 1);
  return {
    title: sent.title,
    sent: sent.messages.length,
    received: [...hashes.values()].filter((hash) => hash !== "").length,
    missing: all.filter((seq) => !hashes.has(seq)).length,
    repeated: received.length - hashes.size,
    outOfOrder: firsts.filter((seq, index) => index > 0 && seq < (firsts[index - 1] ?? 0)).length,
    changed: received.filter(({ seq, hash }) => texts.has(seq) && texts.get(seq) !== hash).length,
  };
}

/** Every message once at least, first occurrences in order, and none changed: what a consumer is promised. */
export function isEqual({ sent, received, missing, outOfOrder, changed }: RoomComparison): boolean {
  return sent === received && missing + outOfOrder + changed === 0;
}

/** The value below which the share `p` of `sorted` lies; 0 for none. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}
