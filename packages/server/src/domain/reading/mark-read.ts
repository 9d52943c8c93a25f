import { create } from "@bufbuild/protobuf";
import type { MarkReadRequest, ReadMarker } from "@maru/protocol";
import { ErrorReason, ReadMarkerSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { notAMember, provenActor, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { requireLivesHere } from "../log/lives-here.ts";
import { isDerivedRoomId } from "../rooms/room-id.ts";

export async function markRead(domain: Domain, call: Call, request: MarkReadRequest): Promise<ReadMarker> {
  const { roomId, seq } = request;
  const userId = requireUser(provenActor(call, request.actor), "read");
  await requireWritten(domain, roomId, seq);
  await requireReadHere(domain, roomId);
  const outcome = await domain.store.markRead(roomId, userId, seq);
  if (outcome.kind === "not_a_member") {
    throw notAMember(roomId, userId);
  }
  const marker = create(ReadMarkerSchema, { roomId, userId, readSeq: outcome.readSeq });
  if (outcome.kind === "moved") domain.onReadMoved?.(marker);
  return marker;
}

/** Positions are no entries, so no put proves this. Only rooms that kept an id from elsewhere can live there. */
async function requireReadHere({ store }: Domain, roomId: string): Promise<void> {
  if (isDerivedRoomId(roomId)) return;
  const room = await store.readRoom(roomId);
  if (room !== undefined) requireLivesHere(room);
}

/** Numbers only grow, so a cached tail can prove that one is written, but not that it is not. */
async function requireWritten({ log, store }: Domain, roomId: string, seq: number): Promise<void> {
  const cachedTailSeq = log.views.peek(roomId)?.tailSeq ?? 0;
  if (seq <= cachedTailSeq) return;
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) throw roomNotFound(roomId);
  if (seq > tail.entry.seq) {
    throw new MaruError(ErrorReason.SEQ_BEYOND_END, {
      metadata: { room_id: roomId, seq, last_seq: tail.entry.seq },
    });
  }
}
