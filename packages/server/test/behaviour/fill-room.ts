import { create } from "@bufbuild/protobuf";
import { ActorSchema } from "@maru/protocol";
import type { Store } from "../../src/domain/store.ts";
import { textEntry } from "../store-fixtures.ts";

const putsAtOnce = 32;

/** Puts so many messages of a user whom nobody knows behind the room's end, and returns the last number. */
export async function fillRoom(store: Store, roomId: string, count: number): Promise<number> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  const first = (tail?.entry.seq ?? 0) + 1;
  const entries = Array.from({ length: count }, (_, n) => textEntry(roomId, first + n)).values();
  const put = async () => {
    for (const entry of entries) {
      entry.entry.actor = create(ActorSchema, { kind: { case: "userId", value: "a-neighbour" } });
      await store.putEntry(entry);
    }
  };
  await Promise.all(Array.from({ length: putsAtOnce }, put));
  return first + count - 1;
}
