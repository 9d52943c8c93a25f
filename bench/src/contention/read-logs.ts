import { type Entry, type Maru, paginate } from "@maru/client";

/** All entries of these rooms, read through the client. */
export async function readLogs(maru: Maru, roomIds: readonly string[]): Promise<Map<string, Entry[]>> {
  const logs = new Map<string, Entry[]>();
  for (const roomId of roomIds) {
    logs.set(roomId, await Array.fromAsync(paginate(maru.events.listEntries, { roomId, pageSize: 200 })));
  }
  return logs;
}
