import { create } from "@bufbuild/protobuf";
import type { ListReactionsRequest, UserReactions } from "@maru/protocol";
import { ListReactionsRequestSchema, UserReactionsSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { isUserId } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import { requireMessage } from "./get.ts";

export async function listReactions(
  { store, limits }: Domain,
  request: ListReactionsRequest,
): Promise<{ readonly reactions: UserReactions[]; readonly nextPageToken: string }> {
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const after = fromPageToken(ListReactionsRequestSchema, request, isUserId);
  const { record } = await requireMessage(store, request.roomId, request.seq);
  const userIds = [...(record?.reactions.keys() ?? [])].filter((userId) => after === undefined || userId > after);
  userIds.sort((one, other) => (one < other ? -1 : 1));
  const { items, goOnAfter } = await readPage(size, async (limit) => userIds.slice(0, limit));
  return {
    reactions: items.map((userId) =>
      create(UserReactionsSchema, { userId, kinds: [...(record?.reactions.get(userId) ?? [])] }),
    ),
    nextPageToken: goOnAfter === undefined ? "" : toPageToken(ListReactionsRequestSchema, request, goOnAfter),
  };
}
