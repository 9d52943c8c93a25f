import type { Entry } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { absence } from "../log/absence.ts";
import { roomNotFound } from "../log/append.ts";
import type { Store } from "../store.ts";
import { partEntries } from "./tail-feed.ts";

/** The entries that follow a number without a hole, none at the end of the log. Refuses when retention took the next. */
export async function readOn(store: Store, roomId: string, after: number): Promise<Entry[]> {
  for (let reads = 0; reads < 2; reads++) {
    const page = await store.readEntries({ roomId, after, limit: partEntries });
    const run = page.map(({ entry }) => entry).filter(({ seq }, index) => seq === after + 1 + index);
    // A read that an append overtakes may see its entry and not the one before: then the next read sees both.
    if (run.length > 0 || page.length === 0) return run;
  }
  const hole = new Error(`the log of ${roomId} lacks entry ${after + 1}, which retention did not take`);
  throw await absence(store, roomId, after + 1, hole);
}

/** That a log has nothing after a number is only its end if it has the number. */
export async function requireInLog(store: Store, roomId: string, seq: number): Promise<void> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) throw roomNotFound(roomId);
  if (tail.entry.seq < seq) {
    throw new MaruError(ErrorReason.SEQ_BEYOND_END, {
      metadata: { room_id: roomId, seq, last_seq: tail.entry.seq },
    });
  }
}
