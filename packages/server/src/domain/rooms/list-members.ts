import type { ListMembersRequest, Member } from "@maru/protocol";
import { ListMembersRequestSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";

export async function listMembers(
  { store, limits }: Domain,
  request: ListMembersRequest,
): Promise<{ readonly members: Member[]; readonly nextPageToken: string }> {
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const afterUserId = fromPageToken(ListMembersRequestSchema, request);
  const members = await store.listMembers(request.roomId, afterUserId, size);
  const last = members.at(-1);
  if (last === undefined && (await store.readRoom(request.roomId)) === undefined) throw roomNotFound(request.roomId);
  return {
    members: request.includeLeft ? members : members.filter(isPresent),
    nextPageToken:
      members.length === size && last !== undefined ? toPageToken(ListMembersRequestSchema, request, last.userId) : "",
  };
}
