import { type Entry, HoldState } from "@maru/protocol";
import type { Clock } from "../clock.ts";
import { toVisible, type Viewer } from "../messages/visible.ts";
import type { Store } from "../store.ts";

/** Among so many of a room's newest entries its last message is looked for. */
const newestEntries = 20;

/** The newest message up to the tail that the viewer sees; undefined when the newest entries have none. */
export async function findLastMessage(
  { store, clock }: { readonly store: Pick<Store, "readEntries">; readonly clock: Clock },
  tail: Entry,
  viewer: Viewer,
): Promise<Entry | undefined> {
  const seen = (entry: Entry) => messageSeen(toVisible(entry, viewer, clock.nowMs()));
  const last = seen(tail);
  if (last !== undefined) return last;
  const { roomId, seq } = tail;
  const newest = await store.readEntries({ roomId, before: seq, newestFirst: true, limit: newestEntries - 1 });
  for (const { entry } of newest) {
    const message = seen(entry);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** A held message is seen by those who see its content; a deleted one stands in its place without content. */
function messageSeen(entry: Entry): Entry | undefined {
  if (entry.body.case !== "messageSent") return undefined;
  const { holdState, content } = entry.body.value;
  const isShown = holdState === HoldState.UNSPECIFIED || holdState === HoldState.COMMITTED;
  return isShown || (holdState === HoldState.HELD && content !== undefined) ? entry : undefined;
}
