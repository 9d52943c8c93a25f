import type { HideRoomRequest, Member, UnhideRoomRequest } from "@maru/protocol";
import { provenActor, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isMessage } from "../log/entry-type.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { setOwnSettings } from "./own-settings.ts";

export async function hideRoom({ store }: Domain, call: Call, request: HideRoomRequest): Promise<Member> {
  const { roomId } = request;
  const userId = requireUser(provenActor(call, request.actor), "hide a room");
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  if (tail === undefined) throw roomNotFound(roomId);
  const hiddenSeq = tail.entry.seq;
  const member = await setOwnSettings(store, roomId, userId, { hiddenSeq });
  return { ...member, hidden: !(await hasMessageAfter(store, roomId, hiddenSeq)) };
}

export async function unhideRoom({ store }: Domain, call: Call, request: UnhideRoomRequest): Promise<Member> {
  const userId = requireUser(provenActor(call, request.actor), "show a room again");
  const member = await setOwnSettings(store, request.roomId, userId, { hiddenSeq: 0 });
  return { ...member, hidden: false };
}

const pageEntries = 100;

async function hasMessageAfter(store: Store, roomId: string, seq: number): Promise<boolean> {
  let after = seq;
  let page: LoggedEntry[];
  do {
    page = await store.readEntries({ roomId, after, limit: pageEntries });
    if (page.some(({ entry }) => isMessage(entry))) return true;
    after = page.at(-1)?.entry.seq ?? after;
  } while (page.length === pageEntries);
  return false;
}
