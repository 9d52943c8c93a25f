import type { BatchGetRoomsRequest, GetRoomRequest, Room } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import type { Store } from "../store.ts";
import { withTail } from "./creation.ts";

export async function getRoom({ store }: Domain, { roomId }: GetRoomRequest): Promise<Room> {
  const room = await store.readRoom(roomId);
  if (room === undefined) throw roomNotFound(roomId);
  return withTail(room, await readTail(store, roomId));
}

export async function batchGetRooms({ store }: Domain, { roomIds }: BatchGetRoomsRequest) {
  const found = await store.readRooms(roomIds);
  const rooms = await Promise.all(
    roomIds.flatMap((roomId) => {
      const room = found.get(roomId);
      return room === undefined ? [] : [readTail(store, roomId).then((tail) => withTail(room, tail))];
    }),
  );
  return { rooms, missingRoomIds: roomIds.filter((roomId) => !found.has(roomId)) };
}

async function readTail(store: Store, roomId: string) {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  return tail;
}
