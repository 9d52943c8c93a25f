import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { messageKey } from "../contention/message-key.ts";
import { messageOf300Bytes } from "../measure/message.ts";
import { carryOut } from "../measure/worker.ts";
import { type LoadResult, runLoad } from "./load.ts";
import type { Prepare, SideOrders } from "./side-orders.ts";

const userId = "user-00000001";
let send: ((caller: number) => Promise<unknown>) | undefined;

/** Backend's side of SendMessage: one client, and a room for each caller. */
async function prepare({ address, token, callers }: Prepare): Promise<void> {
  const maru = connectMaru({ address, token });
  const roomIds: string[] = [];
  while (roomIds.length < callers) roomIds.push(await createRoom(maru));
  const content = contentOf300Bytes(roomIds[0] ?? "");
  send = (caller) => maru.messages.send({ roomId: roomIds[caller] ?? "", actor: user(userId), content });
}

async function createRoom(maru: Maru): Promise<string> {
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId }] });
  if (room === undefined) throw new Error("the server answered without a room");
  return room.roomId;
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
