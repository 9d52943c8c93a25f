import type { Room } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Domain } from "../domain.ts";
import type { LoggedEntry, StateChange } from "../store.ts";

export interface ExistingRoom {
  readonly room: Room;
  /** Entry 1: it changes the state, so retention keeps it. */
  readonly first: LoggedEntry;
  readonly tail: LoggedEntry | undefined;
}

/** Creates the room; the answer is the room that is there already, if one is. */
export async function putCreation(
  { store, log }: Domain,
  { first, change }: { readonly first: LoggedEntry; readonly change: StateChange },
): Promise<ExistingRoom | undefined> {
  for (let attempt = 0; attempt < log.limits.appendMaxAttempts; attempt++) {
    const outcome = await store.putEntryWithState(first, change);
    if (outcome.kind === "stored") return undefined;
    if (outcome.kind === "taken") {
      const existing = await readExisting(store, first.entry.roomId);
      if (existing !== undefined) return existing;
    }
    await log.sleep(log.random() * log.limits.lossPauseMaxMs);
  }
  throw new MaruError(ErrorReason.APPEND_CONTENDED, { metadata: { room_id: first.entry.roomId }, retryAfterMs: 50 });
}

export async function readExisting(store: Domain["store"], roomId: string): Promise<ExistingRoom | undefined> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  const [first, room] = await Promise.all([store.readEntry(roomId, 1), store.readRoom(roomId)]);
  if (room !== undefined && first !== undefined) return { room, first, tail };
  const known = await store.readAlias(roomId);
  return known === undefined || known === roomId ? undefined : readExisting(store, known);
}
