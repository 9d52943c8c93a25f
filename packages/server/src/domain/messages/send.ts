import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Entry, Message, SendMessageRequest } from "@maru/protocol";
import { ErrorReason, HoldState, MessageSchema, SendMessageRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actingUsers, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { toRequestKey } from "../log/request-key.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { requireAcceptableContent } from "./acceptable-content.ts";
import { requireAcceptableMentions } from "./acceptable-mentions.ts";
import { toVisible } from "./visible.ts";

export async function sendMessage(domain: Domain, call: Call, request: SendMessageRequest): Promise<Entry> {
  const actor = provenActor(call, request.actor);
  await requireAcceptableContent(domain, request.content);
  requireAcceptableMentions(request.content, request.mentions);
  const logged = await append(domain.log, call, {
    roomId: request.roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, domain.log.newKey, SendMessageRequestSchema, request),
    userIds: actingUsers(actor),
    decide(state, next) {
      requireMayWrite(domain.kinds, state, actor, next);
      requireReplyTarget(state, request.replyToSeq, next);
      return { body: { case: "messageSent", value: toMessage(request, next) } };
    },
  });
  if (logged === undefined) throw new TypeError("a message is always written");
  // Asked again, the first answer is of the message as it is now: its hold may have run out.
  return toVisible(logged.entry, actor, domain.log.clock.nowMs());
}

function toMessage({ content, replyToSeq, mentions, holdMs }: SendMessageRequest, next: NextEntry): Message {
  const message = create(MessageSchema, { content, replyToSeq, mentions });
  if (holdMs === 0) return message;
  return { ...message, holdState: HoldState.HELD, holdExpiresAt: timestampFromMs(next.createdAtMs + holdMs) };
}

function requireReplyTarget(state: RoomState, replyToSeq: number, next: NextEntry): void {
  if (replyToSeq >= next.seq) {
    throw new MaruError(ErrorReason.REPLY_TARGET_INVALID, {
      metadata: { room_id: state.room.roomId, seq: replyToSeq },
    });
  }
}
