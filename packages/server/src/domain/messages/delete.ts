import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Actor, DeleteMessageRequest, Entry } from "@maru/protocol";
import {
  DeleteMessageRequestSchema,
  DeletionSchema,
  HoldState,
  MemberRole,
  MessageDeletedSchema,
  MessageSchema,
} from "@maru/protocol";
import { actingUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import type { EntryChange, StateChange } from "../store.ts";
import { toEmptied } from "./emptied.ts";
import { onTarget } from "./on-target.ts";
import { isAuthor, notTheAuthor, requireTarget, type Target } from "./target.ts";

/** Undefined when the message was deleted already. */
export async function deleteMessage(
  domain: Domain,
  call: Call,
  request: DeleteMessageRequest,
): Promise<Entry | undefined> {
  const { kinds, log, store } = domain;
  const { roomId, seq, reason } = request;
  const intent = onTarget(domain, call, DeleteMessageRequestSchema, request);
  const { actor } = intent;
  const logged = await append(log, call, {
    ...intent,
    async load() {
      const entry = await store.readEntry(roomId, seq);
      return { entry, contents: await store.readEntriesAt(roomId, entry?.record?.contentSeqs ?? []) };
    },
    decide(state, next, { entry, contents }) {
      // Services take content away also where nobody may write any more.
      if (actingUser(actor) !== undefined) requireMayWrite(kinds, state, actor, next);
      const target = requireTarget(state, entry, seq, next);
      if (!mayDelete(state, actor, target)) throw notTheAuthor(state, target);
      if (target.message.deletion !== undefined) return undefined;
      return {
        body: { case: "messageDeleted", value: create(MessageDeletedSchema, { targetSeq: seq, reason }) },
        change: {
          entries: [toDeleted(target, actor, reason, next), ...contents.map(toEmptied)],
          ...toUnpinned(state, seq),
        },
      };
    },
  });
  return logged?.entry;
}

function mayDelete({ members }: RoomState, actor: Actor, target: Target): boolean {
  const userId = actingUser(actor);
  return userId === undefined || isAuthor(actor, target) || members.get(userId)?.role === MemberRole.ADMIN;
}

/** Its place in the conversation stays; what it said, and what others made of it, is gone. */
function toDeleted({ seq, message }: Target, actor: Actor, reason: string, next: NextEntry): EntryChange {
  const { replyToSeq, editCount, editedAt, holdState } = message;
  const deletedAt = timestampFromMs(next.createdAtMs);
  const value = create(MessageSchema, {
    replyToSeq,
    editCount,
    editedAt,
    holdState: holdState === HoldState.HELD ? HoldState.CANCELLED : holdState,
    deletion: create(DeletionSchema, { actor, deletedAt, seq: next.seq, reason }),
  });
  return { seq, body: { case: "messageSent", value } };
}

function toUnpinned({ room }: RoomState, seq: number): Pick<StateChange, "pinnedSeqs"> {
  if (!room.pinnedSeqs.includes(seq)) return {};
  return { pinnedSeqs: room.pinnedSeqs.filter((other) => other !== seq) };
}
