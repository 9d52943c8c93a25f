import { create } from "@bufbuild/protobuf";
import type { GetReadMarkersRequest, Member, ReadMarker } from "@maru/protocol";
import { GetReadMarkersRequestSchema, ReadMarkerSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";

export async function getReadMarkers(
  { store, limits }: Domain,
  request: GetReadMarkersRequest,
): Promise<{ readonly markers: ReadMarker[]; readonly nextPageToken: string }> {
  if (request.userIds.length > 0) {
    const found = await store.readMembers(request.roomId, request.userIds);
    if (found.size === 0 && (await store.readRoom(request.roomId)) === undefined) throw roomNotFound(request.roomId);
    const members = request.userIds.flatMap((userId) => found.get(userId) ?? []);
    return { markers: toMarkers(members), nextPageToken: "" };
  }
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const afterUserId = fromPageToken(GetReadMarkersRequestSchema, request);
  const members = await store.listMembers(request.roomId, afterUserId, size);
  const last = members.at(-1);
  if (last === undefined && (await store.readRoom(request.roomId)) === undefined) throw roomNotFound(request.roomId);
  return {
    markers: toMarkers(members),
    nextPageToken:
      members.length === size && last !== undefined
        ? toPageToken(GetReadMarkersRequestSchema, request, last.userId)
        : "",
  };
}

function toMarkers(members: readonly Member[]): ReadMarker[] {
  return members
    .filter(isPresent)
    .map(({ roomId, userId, readSeq }) => create(ReadMarkerSchema, { roomId, userId, readSeq }));
}
