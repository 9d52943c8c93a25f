import type { ListMembersRequest, Member } from "@maru/protocol";
import { ListMembersRequestSchema, MemberRole } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { isUserId } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";

export async function listMembers(
  { store, limits }: Domain,
  request: ListMembersRequest,
): Promise<{ readonly members: Member[]; readonly nextPageToken: string }> {
  const { roomId } = request;
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const afterUserId = fromPageToken(ListMembersRequestSchema, request, isUserId);
  const { items, goOnAfter } = await readPage(size, (limit) => store.listMembers(roomId, afterUserId, limit));
  if (items.length === 0 && (await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
  return {
    members: items.filter((member) => isAskedFor(request, member)),
    nextPageToken: goOnAfter === undefined ? "" : toPageToken(ListMembersRequestSchema, request, goOnAfter.userId),
  };
}

function isAskedFor({ includeLeft, role }: ListMembersRequest, member: Member): boolean {
  if (role !== MemberRole.UNSPECIFIED && member.role !== role) return false;
  return includeLeft || isPresent(member);
}
