import type { Entry } from "@maru/protocol";
import { toAnyEvent } from "./decode.ts";
import type { AnyEvent, GapEvent, GapReason } from "./handlers.ts";

/** Entries of a room that are to be read from the table. */
export interface Hole {
  readonly roomId: string;
  readonly firstSeq: number;
  /** Undefined: all that the log holds by then. */
  readonly lastSeq: number | undefined;
}

/** What is handed over for a part of a hole: entries in order, and what cannot be had in its place. */
export interface Filling {
  readonly items: readonly (AnyEvent | GapEvent)[];
  /** The log ends here, as it was when it was read. */
  readonly atEnd: boolean;
}

/**
 * What a page of the log, read from the hole's first number on, says about the hole. The log has no holes: an entry that is
 * not there although a later one is was taken by retention; one that should have followed the end was never there.
 */
export function fillHole(hole: Hole, page: { readonly entries: readonly Entry[]; readonly isLast: boolean }): Filling {
  const { roomId, firstSeq, lastSeq = Number.POSITIVE_INFINITY } = hole;
  const items: (AnyEvent | GapEvent)[] = [];
  let next = firstSeq;
  for (const entry of page.entries) {
    if (entry.seq > next && next <= lastSeq) {
      items.push(toGap(roomId, next, Math.min(entry.seq - 1, lastSeq), "purged"));
    }
    if (entry.seq > lastSeq) return { items, atEnd: false };
    items.push(toAnyEvent(entry, { healed: true }));
    next = entry.seq + 1;
  }
  if (page.isLast && hole.lastSeq !== undefined && next <= hole.lastSeq) {
    items.push(toGap(roomId, next, hole.lastSeq, "notFound"));
  }
  return { items, atEnd: page.isLast };
}

/** Entries that cannot be had. */
export function toGap(
  roomId: string,
  firstMissingSeq: number,
  lastMissingSeq: number,
  reason: GapReason,
  cause?: unknown,
): GapEvent {
  return { kind: "gap", roomId, firstMissingSeq, lastMissingSeq, reason, ...(cause === undefined ? {} : { cause }) };
}
