import type { Entry, GetMessageRequest } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isMessage } from "../log/entry-type.ts";

export async function getMessage({ store }: Domain, { roomId, seq }: GetMessageRequest): Promise<Entry> {
  const found = await store.readEntry(roomId, seq);
  if (found === undefined) throw await absence(store, roomId, seq);
  if (!isMessage(found.entry)) {
    throw new MaruError(ErrorReason.NOT_A_MESSAGE, { metadata: { room_id: roomId, seq, type: found.entry.type } });
  }
  return found.entry;
}

async function absence(store: Domain["store"], roomId: string, seq: number): Promise<MaruError> {
  const room = await store.readRoom(roomId);
  if (room === undefined) return roomNotFound(roomId);
  if (seq < room.purgedBelow) {
    return new MaruError(ErrorReason.ENTRY_PURGED, {
      metadata: { room_id: roomId, seq, purged_below: room.purgedBelow },
    });
  }
  return new MaruError(ErrorReason.ENTRY_NOT_FOUND, { metadata: { room_id: roomId, seq } });
}
