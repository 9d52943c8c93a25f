import type { Member } from "@maru/protocol";
import { notAMember } from "../actor.ts";
import { roomNotFound } from "../log/append.ts";
import type { MemberSettings, Store } from "../store.ts";

/** Sets what a member sets for themselves. It is no entry: nobody else hears of it. */
export async function setOwnSettings(
  store: Store,
  roomId: string,
  userId: string,
  settings: MemberSettings,
): Promise<Member> {
  const outcome = await store.setMemberSettings(roomId, userId, settings);
  if (outcome.kind === "set") return outcome.member;
  if ((await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
  throw notAMember(roomId, userId);
}
