import type { RoomReport, VerifyRoomsRequest } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomBucketCount } from "../store.ts";
import { verifyRoom } from "./verify-room.ts";

const pageRooms = 100;

/** Checks rooms from buckets in random order until there were as many as asked for, or all. */
export async function* verifyRooms(
  domain: Domain,
  call: Call,
  request: VerifyRoomsRequest,
): AsyncGenerator<{ readonly report: RoomReport }, void> {
  let left = request.roomCount;
  for (const bucket of shuffledBuckets(domain.log.random)) {
    for (let after: string | undefined; left > 0; ) {
      const roomIds = await domain.store.listRoomIds(bucket, after, Math.min(pageRooms, left));
      for (const roomId of roomIds) yield { report: await verifyRoom(domain, call, roomId) };
      left -= roomIds.length;
      after = roomIds.at(-1);
      if (after === undefined) break;
    }
    if (left === 0) return;
  }
}

function shuffledBuckets(random: () => number): number[] {
  const buckets = Array.from({ length: roomBucketCount }, (_, bucket) => ({ bucket, at: random() }));
  return buckets.sort((a, b) => a.at - b.at).map(({ bucket }) => bucket);
}
