import type { HideRoomRequest, Member, UnhideRoomRequest } from "@maru/protocol";
import { provenActor, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { isHidden } from "./hidden.ts";
import { setOwnSettings } from "./own-settings.ts";

export async function hideRoom({ store, limits }: Domain, call: Call, request: HideRoomRequest): Promise<Member> {
  const { roomId } = request;
  const userId = requireUser(provenActor(call, request.actor), "hide a room");
  const { entry } = await readTail(store, roomId);
  const member = await setOwnSettings(store, roomId, userId, { hiddenSeq: entry.seq });
  // A message may have come between the two: then the room is shown already.
  const { entry: tail } = await readTail(store, roomId);
  return { ...member, hidden: await isHidden(store, member, tail, limits.unreadMaxEntries) };
}

export async function unhideRoom({ store }: Domain, call: Call, request: UnhideRoomRequest): Promise<Member> {
  const userId = requireUser(provenActor(call, request.actor), "show a room again");
  const member = await setOwnSettings(store, request.roomId, userId, { hiddenSeq: 0 });
  return { ...member, hidden: false };
}

async function readTail(store: Store, roomId: string): Promise<LoggedEntry> {
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) throw roomNotFound(roomId);
  return tail;
}
