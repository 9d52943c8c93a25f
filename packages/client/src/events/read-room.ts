import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Entry, ErrorReason } from "@maru/protocol";
import { isReason } from "../errors.ts";
import { toAnyEvent } from "./decode.ts";
import type { AnyEvent, GapEvent, GapReason } from "./handlers.ts";
import type { EntrySource } from "./subscribe.ts";

/** Entries of a replayed room that cannot be had, where they would stand. */
export interface ReplayGap extends GapEvent {
  readonly kind: "gap";
  /** What the server said, for `noPermission` and `notFound`. */
  readonly cause?: unknown;
}

/** Which entries of a room to read from the table: those between two numbers, both not included. */
export interface RoomRange {
  readonly roomId: string;
  readonly after: number;
  /** Undefined: up to the end of the log. */
  readonly before: number | undefined;
}

const PAGE_SIZE = 200;

/** A room's entries as the table has them, in order; what retention took comes as a gap. Rejects as `listEntries` does. */
export async function* readRoom(
  source: EntrySource,
  { roomId, after, before }: RoomRange,
  signal: AbortSignal,
): AsyncGenerator<AnyEvent | ReplayGap, void, undefined> {
  let last = after;
  for (let isOver = before !== undefined && last + 1 >= before; !isOver; ) {
    const pageSize = Math.min(PAGE_SIZE, before === undefined ? PAGE_SIZE : before - last - 1);
    const page = await source.events.listEntries({ roomId, after: last, pageSize }, { signal });
    for (const entry of page.entries) {
      if (before !== undefined && entry.seq >= before) break;
      if (entry.seq > last + 1) yield toGap(roomId, last + 1, entry.seq - 1, "purged");
      last = entry.seq;
      yield toAnyEvent(entry, { healed: true });
    }
    isOver = page.nextPageToken === "" || (before !== undefined && (page.entries.at(-1)?.seq ?? before) + 1 >= before);
  }
  if (before !== undefined && last + 1 < before) yield toGap(roomId, last + 1, before - 1, "purged");
}

/** As {@link readRoom} up to a number; a room that this service may not read is a gap, too. */
export async function* readHole(
  source: EntrySource,
  range: RoomRange & { readonly before: number },
  signal: AbortSignal,
): AsyncGenerator<AnyEvent | ReplayGap, void, undefined> {
  let last = range.after;
  try {
    for await (const what of readRoom(source, range, signal)) {
      last = what.kind === "gap" ? what.lastMissingSeq : what.seq;
      yield what;
    }
  } catch (cause) {
    const reason = unreadableReason(cause);
    if (reason === undefined) throw cause;
    yield { ...toGap(range.roomId, last + 1, range.before - 1, reason), cause };
  }
}

/** Why a room cannot be read, if an error says so and trying again would not mend it. */
export function unreadableReason(error: unknown): GapReason | undefined {
  if (isReason(error, ErrorReason.ROOM_NOT_FOUND)) return "notFound";
  if (isReason(error, ErrorReason.CALLER_NOT_ALLOWED, ErrorReason.ROOM_KIND_NOT_ALLOWED)) return "noPermission";
  return undefined;
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

function toGap(roomId: string, firstMissingSeq: number, lastMissingSeq: number, reason: GapReason): ReplayGap {
  return { kind: "gap", roomId, firstMissingSeq, lastMissingSeq, reason };
}
