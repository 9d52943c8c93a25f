import type { Entry, ListPinnedMessagesRequest } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { requireViewer } from "./viewer.ts";
import { toVisible } from "./visible.ts";

export async function listPinnedMessages(
  domain: Domain,
  call: Call,
  request: ListPinnedMessagesRequest,
): Promise<Entry[]> {
  const { store, log } = domain;
  const { roomId } = request;
  const viewer = await requireViewer(domain, call, roomId, request.actor);
  const room = await store.readRoom(roomId);
  if (room === undefined) throw roomNotFound(roomId);
  const pinned = await store.readEntriesAt(roomId, room.pinnedSeqs);
  const bySeq = new Map(pinned.map(({ entry }) => [entry.seq, entry]));
  const nowMs = log.clock.nowMs();
  // Between the two reads a pin may have been taken back, and retention may have removed the message.
  const entries = room.pinnedSeqs.toReversed().flatMap((seq) => bySeq.get(seq) ?? []);
  return entries.filter(isPinned).map((entry) => toVisible(entry, viewer, nowMs));
}

function isPinned({ body }: Entry): boolean {
  return body.case === "messageSent" && body.value.pinned;
}
