import type { DatabaseSync } from "node:sqlite";
import type { Maru } from "@maru/client";
import { type RoomConsumer, type SubscribeOptions, subscribe } from "@maru/client/events";
import { indexHandlers } from "./index-handlers.ts";
import { sqlitePositions } from "./sqlite-positions.ts";

/** Keeps the index up with what happens in all rooms, from the oldest event that the topic holds. */
export function followRooms(
  maru: Pick<Maru, "events">,
  db: DatabaseSync,
  options: Omit<SubscribeOptions<DatabaseSync>, "group" | "positions"> & { readonly group?: string },
): Promise<RoomConsumer> {
  return subscribe(maru, { group: "search", ...options, positions: sqlitePositions(db) }, indexHandlers);
}
