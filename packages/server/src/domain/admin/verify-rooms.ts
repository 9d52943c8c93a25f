import type { RoomReport, VerifyRoomsRequest } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomBucketCount, type Store } from "../store.ts";
import { verifyRoom } from "./verify-room.ts";

/**
 * Checks so many rooms, or all when there are not so many. Each bucket of rooms gives its share, from a random place in it
 * on; what small buckets lack, others give in the next round.
 */
export async function* verifyRooms(
  domain: Domain,
  call: Call,
  request: VerifyRoomsRequest,
): AsyncGenerator<{ readonly report: RoomReport }, void> {
  const { random } = domain.log;
  let walks = shuffled(roomBucketCount, random).map((bucket) => walkBucket(domain.store, bucket, randomRoomId(random)));
  for (let left = request.roomCount; left > 0 && walks.length > 0; ) {
    const share = Math.ceil(left / roomBucketCount);
    const going: typeof walks = [];
    for (const walk of walks) {
      const roomIds = await take(walk, Math.min(share, left));
      left -= roomIds.length;
      for (const roomId of roomIds) yield { report: await verifyRoom(domain, call, roomId) };
      if (roomIds.length === share) going.push(walk);
      if (left === 0) return;
    }
    walks = going;
  }
}

/** All rooms of a bucket, those behind the start first. */
async function* walkBucket(store: Store, bucket: number, start: string): AsyncGenerator<string, void> {
  const page = 100;
  for (let [after, wrapped] = [start as string | undefined, false]; ; ) {
    const roomIds = await store.listRoomIds(bucket, after, page);
    for (const roomId of roomIds) {
      if (wrapped && roomId > start) return;
      yield roomId;
    }
    after = roomIds.at(-1);
    if (roomIds.length === page) continue;
    if (wrapped) return;
    [after, wrapped] = [undefined, true];
  }
}

async function take(walk: AsyncGenerator<string, void>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const next = await walk.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

/** Ids made by the server are hexadecimal, evenly spread. */
function randomRoomId(random: () => number): string {
  return Math.floor(random() * 2 ** 48)
    .toString(16)
    .padStart(12, "0");
}

function shuffled(count: number, random: () => number): number[] {
  const all = Array.from({ length: count }, (_, index) => ({ index, at: random() }));
  return all.sort((a, b) => a.at - b.at).map(({ index }) => index);
}
