import { type Maru, service } from "@maru/client";
import { messageKey } from "./message-key.ts";

/** Rooms with these members. Made one after the other: a transaction of many items is slow on the local engine. */
export async function createRooms(maru: Maru, count: number, userIds: readonly string[]): Promise<string[]> {
  const roomIds: string[] = [];
  while (roomIds.length < count) roomIds.push(await createRoom(maru, userIds));
  return roomIds;
}

/** With the same key on another server it is the same room. */
export async function createRoom(
  maru: Maru,
  userIds: readonly string[],
  idempotencyKey = messageKey(),
): Promise<string> {
  const members = userIds.map((userId) => ({ userId }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members, idempotencyKey });
  if (room === undefined) throw new Error("the server answered without a room");
  return room.roomId;
}

export function userNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `user-${at}`);
}
