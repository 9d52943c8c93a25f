import type { Entry, ListEntriesRequest } from "@maru/protocol";
import { ListEntriesRequestSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { fromSeqToken, toPageToken } from "../page-token.ts";

export async function listEntries({ store, limits }: Domain, request: ListEntriesRequest) {
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const after = fromSeqToken(ListEntriesRequestSchema, request) ?? request.after;
  const logged = await store.readEntries({ roomId: request.roomId, after, limit: size });
  const entries: Entry[] = logged.map(({ entry }) => entry);
  const last = entries.at(-1);
  if (last === undefined && (await store.readRoom(request.roomId)) === undefined) throw roomNotFound(request.roomId);
  const isFull = entries.length === size && last !== undefined;
  return { entries, nextPageToken: isFull ? toPageToken(ListEntriesRequestSchema, request, String(last.seq)) : "" };
}
