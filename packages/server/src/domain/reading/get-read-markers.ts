import { create } from "@bufbuild/protobuf";
import type { GetReadMarkersRequest, Member, ReadMarker } from "@maru/protocol";
import { GetReadMarkersRequestSchema, ReadMarkerSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import { isUserId } from "../page-position.ts";
import { fromPageToken, invalidToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import type { Store } from "../store.ts";

export async function getReadMarkers(
  { store, limits }: Domain,
  request: GetReadMarkersRequest,
): Promise<{ readonly markers: ReadMarker[]; readonly nextPageToken: string }> {
  const { roomId, userIds } = request;
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const afterUserId = fromPageToken(GetReadMarkersRequestSchema, request, isUserId);
  const { members, goOnAfterUserId } =
    userIds.length > 0
      ? await readNamed(store, roomId, usersBehind(userIds, afterUserId), size)
      : await readAll(store, roomId, afterUserId, size);
  if (members.length === 0 && (await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
  return {
    markers: toMarkers(members),
    nextPageToken:
      goOnAfterUserId === undefined ? "" : toPageToken(GetReadMarkersRequestSchema, request, goOnAfterUserId),
  };
}

async function readNamed(store: Store, roomId: string, userIds: readonly string[], size: number) {
  const page = await readPage(size, async (limit) => userIds.slice(0, limit));
  const found = await store.readMembers(roomId, page.items);
  return { members: page.items.flatMap((userId) => found.get(userId) ?? []), goOnAfterUserId: page.goOnAfter };
}

function usersBehind(userIds: readonly string[], afterUserId: string | undefined): readonly string[] {
  if (afterUserId === undefined) return userIds;
  const index = userIds.indexOf(afterUserId);
  if (index < 0) throw invalidToken();
  return userIds.slice(index + 1);
}

async function readAll(store: Store, roomId: string, afterUserId: string | undefined, size: number) {
  const page = await readPage(size, (limit) => store.listMembers(roomId, afterUserId, limit));
  return { members: page.items, goOnAfterUserId: page.goOnAfter?.userId };
}

function toMarkers(members: readonly Member[]): ReadMarker[] {
  return members
    .filter(isPresent)
    .map(({ roomId, userId, readSeq }) => create(ReadMarkerSchema, { roomId, userId, readSeq }));
}
