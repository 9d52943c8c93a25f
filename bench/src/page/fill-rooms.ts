import { join } from "node:path";
import type { Maru } from "@maru/client";
import { createRooms } from "../contention/rooms.ts";
import { startWorker } from "../measure/worker.ts";
import type { PutOrders } from "./put-messages.ts";

/** Makes rooms of one user through the server, and puts messages of another into each. */
export async function fillRooms(
  maru: Maru,
  env: Record<string, string>,
  plan: { readonly rooms: number; readonly messages: number; readonly userId: string },
): Promise<string[]> {
  const roomIds = await createRooms(maru, plan.rooms, [plan.userId]);
  await using worker = startWorker<PutOrders>(join(import.meta.dirname, "put-messages.ts"), env);
  await worker.ask("put", { roomIds, messages: plan.messages });
  return roomIds;
}
