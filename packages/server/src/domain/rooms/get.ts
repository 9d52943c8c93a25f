import type { BatchGetRoomsRequest, GetRoomRequest, Room } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { withTail } from "./creation.ts";

export async function getRoom({ store }: Domain, { roomId }: Pick<GetRoomRequest, "roomId">): Promise<Room> {
  const room = await store.readRoom(roomId);
  if (room === undefined) throw roomNotFound(roomId);
  return (await atOneMoment(store, room)).room;
}

export async function batchGetRooms({ store }: Domain, { roomIds }: BatchGetRoomsRequest) {
  const found = await store.readRooms(roomIds);
  const moments = await Promise.all(
    roomIds.flatMap((roomId) => {
      const room = found.get(roomId);
      return room === undefined ? [] : [atOneMoment(store, room)];
    }),
  );
  return { rooms: moments.map(({ room }) => room), missingRoomIds: roomIds.filter((roomId) => !found.has(roomId)) };
}

/** So many changes of state between two reads are not seen in one room. */
const maxReads = 10;

/**
 * The room with the log's tail. The two are read one after the other, and are of one moment when both name the same
 * last change of state: what is behind is read again.
 */
export async function atOneMoment(
  store: Store,
  read: Room,
): Promise<{ readonly room: Room; readonly tail: LoggedEntry | undefined }> {
  let room = read;
  let tail = await readTail(store, room.roomId);
  for (let reads = 0; reads < maxReads && tail !== undefined && tail.entry.stateSeq !== room.stateSeq; reads++) {
    if (tail.entry.stateSeq > room.stateSeq) room = (await store.readRoom(room.roomId)) ?? room;
    else tail = await readTail(store, room.roomId);
  }
  return { room: withTail(room, tail), tail };
}

async function readTail(store: Store, roomId: string) {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  return tail;
}
