import type { SentRoom } from "./send.ts";

/** How what was sent to a room and what came out of Kafka agree. */
export interface RoomComparison {
  readonly title: string;
  readonly sent: number;
  /** Messages among the events. */
  readonly received: number;
  /** Numbers of stored entries that no event told of. */
  readonly missing: number;
  /** Events that came again. */
  readonly repeated: number;
  readonly outOfOrder: number;
  /** Messages whose text is not byte for byte what was sent. */
  readonly changed: number;
}

export function compareRoom(sent: SentRoom, received: readonly { seq: number; hash: string }[]): RoomComparison {
  const last = sent.messages.at(-1)?.[0] ?? 0;
  const hashes = new Map(received.map(({ seq, hash }) => [seq, hash]));
  const all = Array.from({ length: last }, (_, index) => index + 1);
  return {
    title: sent.title,
    sent: sent.messages.length,
    received: [...hashes.values()].filter((hash) => hash !== "").length,
    missing: all.filter((seq) => !hashes.has(seq)).length,
    repeated: received.length - hashes.size,
    outOfOrder: received.filter(({ seq }, index) => index > 0 && seq < (received[index - 1]?.seq ?? 0)).length,
    changed: sent.messages.filter(([seq, hash]) => hashes.has(seq) && hashes.get(seq) !== hash).length,
  };
}

export function isEqual(room: RoomComparison): boolean {
  const { sent, received, missing, repeated, outOfOrder, changed } = room;
  return sent === received && missing + repeated + outOfOrder + changed === 0;
}

/** The value below which the share `p` of `sorted` lies; 0 for none. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}
