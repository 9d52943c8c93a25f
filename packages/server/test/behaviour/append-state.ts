import { randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@maru/protocol";
import { entryType } from "../../src/domain/log/entry-type.ts";
import type { StateChange, Store } from "../../src/domain/store.ts";

/** Writes an entry that changes the room's state, as a newer server would whose calls this version does not have. */
export async function appendState(
  store: Store,
  roomId: string,
  body: NonNullable<MessageInitShape<typeof EntrySchema>["body"]>,
  change: StateChange,
): Promise<number> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  const seq = (tail?.entry.seq ?? 0) + 1;
  const entry = create(EntrySchema, {
    roomId,
    seq,
    stateSeq: seq,
    actor: { kind: { case: "system", value: {} } },
    caller: "test",
    createdAt: timestampNow(),
    idempotencyKey: randomUUID(),
    body,
  });
  entry.type = entryType(entry.body);
  const outcome = await store.putEntryWithState({ entry, requestHash: "test", appendedAtMs: Date.now() }, change);
  if (outcome.kind !== "stored") throw new Error(`the entry was not stored: ${outcome.kind}`);
  return seq;
}
