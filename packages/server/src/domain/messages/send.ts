import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Actor, Content, Entry, SendMessageRequest } from "@maru/protocol";
import { ErrorReason, MessageSchema, SendMessageRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actingUser, actingUsers, provenActor, requireMember } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { toRequestKey } from "../log/request-key.ts";

export async function sendMessage(domain: Domain, call: Call, request: SendMessageRequest): Promise<Entry> {
  const actor = provenActor(call, request.actor);
  requireAcceptable(request.content, domain.limits.maxTextBytes);
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
      requireOpen(state, actor);
      requireMember(state, actor);
      requireNotMuted(state, actor, next);
      requireReplyTarget(state, request.replyToSeq, next);
      return { body: { case: "messageSent", value: message } };
    },
  });
  if (logged === undefined) throw new TypeError("a message is always written");
  return logged.entry;
}

function requireAcceptable(content: Content | undefined, maxTextBytes: number): void {
  if (content?.kind.case === "text") {
    const sizeBytes = Buffer.byteLength(content.kind.value.text);
    if (sizeBytes > maxTextBytes) {
      throw new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
        metadata: { field: "content.text.text", size_bytes: sizeBytes, limit_bytes: maxTextBytes },
        violations: [{ field: "content.text.text", description: `must be at most ${maxTextBytes} bytes` }],
      });
    }
  }
  if (content?.kind.case === "card") {
    throw new MaruError(ErrorReason.CARD_TYPE_UNKNOWN, { metadata: { card_type: content.kind.value.type } });
  }
}

/** A frozen room takes notices of the system, so that it can say why it is frozen. */
function requireOpen({ room }: RoomState, actor: Actor): void {
  if (room.closed) throw new MaruError(ErrorReason.ROOM_CLOSED, { metadata: { room_id: room.roomId } });
  if (room.frozen && actor.kind.case !== "system") {
    throw new MaruError(ErrorReason.ROOM_FROZEN, { metadata: { room_id: room.roomId } });
  }
}

function requireNotMuted(state: RoomState, actor: Actor, next: NextEntry): void {
  const userId = actingUser(actor);
  const mutedUntil = userId === undefined ? undefined : state.members.get(userId)?.mutedUntil;
  if (userId !== undefined && mutedUntil !== undefined && timestampMs(mutedUntil) > next.nowMs) {
    throw new MaruError(ErrorReason.MEMBER_MUTED, {
      metadata: { room_id: state.room.roomId, user_id: userId, muted_until: timestampDate(mutedUntil).toISOString() },
    });
  }
}

function requireReplyTarget(state: RoomState, replyToSeq: number, next: NextEntry): void {
  if (replyToSeq >= next.seq) {
    throw new MaruError(ErrorReason.REPLY_TARGET_INVALID, {
      metadata: { room_id: state.room.roomId, seq: replyToSeq },
    });
  }
}
