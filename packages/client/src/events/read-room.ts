import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "@maru/protocol";
import type { AnyEvent, GapEvent } from "./handlers.ts";
import type { Healer } from "./healer.ts";
import type { EntrySource } from "./subscribe.ts";

/** Which entries of a room to read from the table: those between two numbers, both not included. */
export interface RoomRange {
  readonly roomId: string;
  readonly after: number;
  /** Undefined: up to the end of the log. */
  readonly before: number | undefined;
}

/**
 * A room's entries as the table has them, in order; what cannot be had comes as a gap. Rejects with the server's error where
 * the range has no end and the room cannot be read.
 */
export async function* readRoom(
  healer: Healer,
  { roomId, after, before }: RoomRange,
  signal: AbortSignal,
): AsyncGenerator<AnyEvent | GapEvent, void, undefined> {
  const lastSeq = before === undefined ? undefined : before - 1;
  for (let firstSeq = after + 1; lastSeq === undefined || firstSeq <= lastSeq; ) {
    const { items, atEnd } = await healer.fill({ roomId, firstSeq, lastSeq }, signal);
    try {
      for (const item of items) {
        firstSeq = lastSeqOf(item) + 1;
        yield item;
      }
    } finally {
      healer.release(items.length);
    }
    if (atEnd) return;
  }
}

/** The number of an event's entry, or of the last entry of a gap. */
export function lastSeqOf(what: AnyEvent | GapEvent): number {
  return what.kind === "gap" ? what.lastMissingSeq : what.seq;
}

/**
 * The number after which a room's entries are of a time or later: that of the last older entry; 0 if there is none. Entries'
 * times never go back within a room, so it takes about twice as many single reads as the length of the room has binary digits.
 */
export async function seqBeforeTime(
  source: EntrySource,
  roomId: string,
  timeMs: number,
  signal: AbortSignal,
): Promise<number> {
  const firstAfter = async (after: number): Promise<Entry | undefined> =>
    (await source.events.listEntries({ roomId, after, pageSize: 1 }, { signal })).entries[0];
  const isOlder = ({ createdAt }: Entry) => createdAt !== undefined && timestampMs(createdAt) < timeMs;
  let older = 0;
  /** Entries from here on are not older, or there are none. */
  let upper: number | undefined;
  for (let step = 1; upper === undefined; step *= 2) {
    const entry = await firstAfter(older + step - 1);
    if (entry !== undefined && isOlder(entry)) older = entry.seq;
    else upper = older + step;
  }
  while (older + 1 < upper) {
    const middle = Math.floor((older + upper) / 2);
    const entry = await firstAfter(middle - 1);
    if (entry !== undefined && entry.seq < upper && isOlder(entry)) older = entry.seq;
    else upper = middle;
  }
  return older;
}
