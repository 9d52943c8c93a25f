import { create } from "@bufbuild/protobuf";
import type { Entry, SendMessageRequest } from "@maru/protocol";
import { ErrorReason, MessageSchema, SendMessageRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actingUsers, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { toRequestKey } from "../log/request-key.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { requireAcceptableContent } from "./acceptable-content.ts";

export async function sendMessage(domain: Domain, call: Call, request: SendMessageRequest): Promise<Entry> {
  const actor = provenActor(call, request.actor);
  requireAcceptableContent(domain, request.content);
  const message = create(MessageSchema, {
    content: request.content,
    replyToSeq: request.replyToSeq,
    mentions: request.mentions,
  });
  const logged = await append(domain.log, call, {
    roomId: request.roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, domain.log.newKey, SendMessageRequestSchema, request),
    userIds: actingUsers(actor),
    decide(state, next) {
      requireMayWrite(domain.kinds, state, actor, next);
      requireReplyTarget(state, request.replyToSeq, next);
      return { body: { case: "messageSent", value: message } };
    },
  });
  if (logged === undefined) throw new TypeError("a message is always written");
  return logged.entry;
}

function requireReplyTarget(state: RoomState, replyToSeq: number, next: NextEntry): void {
  if (replyToSeq >= next.seq) {
    throw new MaruError(ErrorReason.REPLY_TARGET_INVALID, {
      metadata: { room_id: state.room.roomId, seq: replyToSeq },
    });
  }
}
