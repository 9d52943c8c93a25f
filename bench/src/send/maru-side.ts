import { connectMaru, text, user } from "@maru/client";
import { messageKey } from "../contention/message-key.ts";
import { createRooms } from "../contention/rooms.ts";
import { messageOf300Bytes } from "../measure/message.ts";
import { carryOut } from "../measure/worker.ts";
import { type LoadResult, runLoad } from "./load.ts";
import type { Prepare, SideOrders } from "./side-orders.ts";

const userId = "user-00000001";
let send: ((caller: number) => Promise<unknown>) | undefined;

/** SendMessage as a backend's program sends it: one client of ours, and a room for each caller. */
async function prepare({ address, token, callers }: Prepare): Promise<void> {
  const maru = connectMaru({ address, token });
  const roomIds = await createRooms(maru, callers, [userId]);
  const content = contentOf300Bytes(roomIds[0] ?? "");
  send = (caller) => maru.messages.send({ roomId: roomIds[caller] ?? "", actor: user(userId), content });
}

function contentOf300Bytes(roomId: string) {
  const { content } = messageOf300Bytes(roomId, userId, messageKey());
  return text(content?.kind.case === "text" ? content.kind.value.text : "");
}

function run(load: { callers: number; durationMs: number }): Promise<LoadResult> {
  if (send === undefined) throw new Error("the side was not prepared");
  return runLoad(load, send);
}

carryOut({ prepare, run } satisfies SideOrders);
