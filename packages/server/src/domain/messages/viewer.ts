import type { Actor } from "@maru/protocol";
import { actingUser, notAMember, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import type { Viewer } from "./visible.ts";

/** On whose behalf a room is read: a user must be a member now; whoever else asks is a service. */
export async function requireViewer(
  { store }: Pick<Domain, "store">,
  call: Call,
  roomId: string,
  actor: Actor | undefined,
): Promise<Viewer> {
  if (actor === undefined) return undefined;
  const viewer = provenActor(call, actor);
  const userId = actingUser(viewer);
  if (userId === undefined) return viewer;
  const members = await store.readMembers(roomId, [userId]);
  if (isPresent(members.get(userId))) return viewer;
  if ((await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
  throw notAMember(roomId, userId);
}
