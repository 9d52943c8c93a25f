import type { Entry, ListEntriesRequest } from "@maru/protocol";
import { ListEntriesRequestSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { readRecent } from "../log/read-recent.ts";
import { withoutHeldContent } from "../messages/visible.ts";
import { fromSeqToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";

export async function listEntries(
  { store, log, limits }: Domain,
  request: ListEntriesRequest,
): Promise<{ readonly entries: Entry[]; readonly nextPageToken: string }> {
  const { roomId } = request;
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const after = fromSeqToken(ListEntriesRequestSchema, request) ?? request.after;
  const { items, goOnAfter } = await readPage(size, (limit) => readRecent(log, { roomId, after, limit }));
  if (items.length === 0 && (await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
  return {
    entries: items.map(({ entry }) => withoutHeldContent(entry)),
    nextPageToken:
      goOnAfter === undefined ? "" : toPageToken(ListEntriesRequestSchema, request, String(goOnAfter.entry.seq)),
  };
}
