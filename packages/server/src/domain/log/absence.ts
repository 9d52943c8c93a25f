import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Store } from "../store.ts";
import { roomNotFound } from "./append.ts";

/** Why an entry is not there: there is no such room, or retention took it; `otherwise` where it is neither. */
export async function absence(store: Store, roomId: string, seq: number, otherwise: Error): Promise<Error> {
  const room = await store.readRoom(roomId);
  if (room === undefined) return roomNotFound(roomId);
  if (seq >= room.purgedBelow) return otherwise;
  return new MaruError(ErrorReason.ENTRY_PURGED, {
    metadata: { room_id: roomId, seq, purged_below: room.purgedBelow },
  });
}
