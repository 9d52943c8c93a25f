import { create } from "@bufbuild/protobuf";
import type { Entry, Message, ReactionCount, SetReactionsRequest } from "@maru/protocol";
import { ErrorReason, ReactionsChangedSchema, SetReactionsRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain, DomainLimits } from "../domain.ts";
import { append } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { toMessageChange } from "./content-change.ts";
import { requireMessage } from "./get.ts";
import { onTarget } from "./on-target.ts";
import { countReactions, isSameSet, withReactionsOf } from "./reactions.ts";
import { requireNotDeleted, requireShown, requireTarget, type Target } from "./target.ts";

export async function setReactions(
  domain: Domain,
  call: Call,
  request: SetReactionsRequest,
): Promise<{ readonly entry: Entry | undefined; readonly reactions: ReactionCount[] }> {
  const { kinds: roomKinds, limits, log, store } = domain;
  const { roomId, seq, kinds } = request;
  const intent = onTarget(domain, call, SetReactionsRequestSchema, request);
  const userId = requireUser(intent.actor, "react");
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(roomKinds, state, intent.actor, next);
      const target = requireTarget(state, loaded, seq, next);
      requireNotDeleted(state, target);
      requireShown(state, target);
      const { message, record } = target;
      if (isSameSet(record.reactions.get(userId) ?? [], kinds)) return undefined;
      requireRoomFor(limits, state, target, userId);
      const all = withReactionsOf(record.reactions, userId, kinds);
      const reactions = countReactions(all, message.reactions);
      const body = create(ReactionsChangedSchema, { targetSeq: seq, userId, kinds });
      const changed = toMessageChange(target, { ...message, reactions });
      return {
        body: { case: "reactionsChanged", value: body },
        change: { entries: [{ ...changed, record: { ...record, reactions: all } }] },
      };
    },
  });
  // The entry says nothing of others' reactions: who is erased later would live on in it.
  const { entry } = await requireMessage(store, roomId, seq);
  return { entry: logged?.entry, reactions: (entry.body.value as Message).reactions };
}

function requireRoomFor(
  { maxReactingUsers }: DomainLimits,
  { room }: RoomState,
  { seq, record }: Target,
  userId: string,
): void {
  if (record.reactions.has(userId) || record.reactions.size < maxReactingUsers) return;
  throw new MaruError(ErrorReason.REACTION_LIMIT_REACHED, {
    metadata: { room_id: room.roomId, seq, limit: maxReactingUsers },
  });
}
