import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@maru/protocol";
import { tableClientOptions } from "@maru/server/commands/connections.ts";
import { readConfig } from "@maru/server/config.ts";
import type { LoggedEntry } from "@maru/server/domain/store.ts";
import { createClient } from "@maru/server/store/client.ts";
import { putEntry } from "@maru/server/store/put-entry.ts";
import { messageKey } from "../contention/message-key.ts";
import { messageOf300Bytes } from "../measure/message.ts";
import { carryOut } from "../measure/worker.ts";
import { type Load, type LoadResult, runLoad } from "./load.ts";
import type { Prepare, SideOrders } from "./side-orders.ts";

let put: ((caller: number) => Promise<void>) | undefined;

/** The puts that the server would make, by the same code and client, with nothing around them. */
async function prepare({ callers }: Prepare): Promise<void> {
  const config = readConfig(process.env);
  const client = createClient(tableClientOptions(config));
  const table = { client, tableName: config.table, onConsumed: () => undefined };
  const rooms = Array.from({ length: callers }, () => ({ roomId: randomUUID(), tail: 1 }));
  put = async (caller) => {
    const room = rooms[caller];
    if (room === undefined) throw new RangeError(`there is no caller ${caller}`);
    const outcome = await putEntry(table, messageEntry(room.roomId, room.tail + 1));
    if (outcome.kind !== "stored") throw new Error(`the put was ${outcome.kind}`);
    room.tail++;
  };
}

const userId = "user-00000001";
const { actor, content } = messageOf300Bytes(randomUUID(), userId, messageKey());

function messageEntry(roomId: string, seq: number): LoggedEntry {
  const nowMs = Date.now();
  const entry = create(EntrySchema, {
    roomId,
    seq,
    type: "message_sent",
    actor,
    caller: "bench",
    createdAt: timestampFromMs(nowMs),
    stateSeq: 1,
    idempotencyKey: messageKey(nowMs),
    body: { case: "messageSent", value: { content } },
  });
  return { entry, requestHash: "0123456789abcdefghijkl", appendedAtMs: nowMs };
}

function run(load: Load): Promise<LoadResult> {
  if (put === undefined) throw new Error("the side was not prepared");
  return runLoad(load, put);
}

carryOut({ prepare, run } satisfies SideOrders);
