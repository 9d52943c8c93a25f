import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@maru/protocol";
import type { LoggedEntry } from "@maru/server/domain/store.ts";
import { putEntry } from "@maru/server/store/put-entry.ts";
import { messageKey } from "../contention/message-key.ts";
import { messageOf300Bytes } from "../measure/message.ts";
import { carryOut } from "../measure/worker.ts";
import { openTable } from "./open-table.ts";

export type PutOrders = {
  put: (plan: { readonly roomIds: readonly string[]; readonly messages: number }) => Promise<void>;
};

const userId = "user-00000001";

/** Puts messages of the usual size into fresh rooms, behind the entry that made each. */
async function put({ roomIds, messages }: { readonly roomIds: readonly string[]; readonly messages: number }) {
  using table = openTable(process.env);
  const left = roomIds.values();
  const fill = async () => {
    for (const roomId of left) {
      for (let seq = 2; seq <= messages + 1; seq++) {
        const outcome = await putEntry(table, messageEntry(roomId, seq));
        if (outcome.kind !== "stored") throw new Error(`the put was ${outcome.kind}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, fill));
}

function messageEntry(roomId: string, seq: number): LoggedEntry {
  const nowMs = Date.now();
  const idempotencyKey = messageKey(nowMs);
  const { actor, content } = messageOf300Bytes(roomId, userId, idempotencyKey);
  const entry = create(EntrySchema, {
    roomId,
    seq,
    type: "message_sent",
    actor,
    caller: "bench",
    createdAt: timestampFromMs(nowMs),
    stateSeq: 1,
    idempotencyKey,
    body: { case: "messageSent", value: { content } },
  });
  return { entry, requestHash: "0123456789abcdefghijkl", appendedAtMs: nowMs };
}

carryOut({ put } satisfies PutOrders);
