import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** Lets one append at a time run for each room, in the order in which they came. */
export interface RoomQueue {
  run<Result>(roomId: string, task: () => Promise<Result>): Promise<Result>;
}

export function createRoomQueue(maxLength: number): RoomQueue {
  const rooms = new Map<string, { last: Promise<unknown>; length: number }>();
  return {
    run(roomId, task) {
      const room = rooms.get(roomId) ?? { last: Promise.resolve(), length: 0 };
      if (room.length >= maxLength) {
        throw new MaruError(ErrorReason.APPEND_CONTENDED, { metadata: { room_id: roomId }, retryAfterMs: 1_000 });
      }
      room.length++;
      rooms.set(roomId, room);
      const result = room.last.then(task).finally(() => {
        room.length--;
        if (room.length === 0) rooms.delete(roomId);
      });
      room.last = result.catch(() => {});
      return result;
    },
  };
}
