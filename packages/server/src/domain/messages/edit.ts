import { create, equals, toBinary } from "@bufbuild/protobuf";
import type { EditMessageRequest, Entry, Message } from "@maru/protocol";
import { EditMessageRequestSchema, ErrorReason, MessageEditedSchema, MessageSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type Draft, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { kindOf, type RoomKinds } from "../rooms/room-kind.ts";
import { requireAcceptableContent } from "./acceptable-content.ts";
import { requireAcceptableMentions } from "./acceptable-mentions.ts";
import { toContentChange } from "./content-change.ts";
import { requireEditsLeft } from "./edits-left.ts";
import { onTarget } from "./on-target.ts";
import { isAuthor, notTheAuthor, requireNotDeleted, requireShown, requireTarget, type Target } from "./target.ts";

/** A deletion rewrites all that a message ever said in one transaction, which may hold 4 MB. */
const maxEditBytes = 70_000;

/** Undefined when the message said just that already. */
export async function editMessage(domain: Domain, call: Call, request: EditMessageRequest): Promise<Entry | undefined> {
  const { kinds, limits, log } = domain;
  const intent = onTarget(domain, call, EditMessageRequestSchema, request);
  await requireEditContent(domain, request);
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(kinds, state, intent.actor, next);
      const target = requireTarget(state, loaded, request.seq, next);
      if (!isAuthor(intent.actor, target)) throw notTheAuthor(state, target);
      requireNotDeleted(state, target);
      requireShown(state, target);
      requireNoCard(state, target);
      if (saysAlready(target.message, request)) return undefined;
      requireWithinWindow(kinds, state, target, next);
      requireEditsLeft(limits, state, target);
      return toEdit(target, request, next);
    },
  });
  return logged?.entry;
}

function toEdit(target: Target, { content, mentions }: EditMessageRequest, next: NextEntry): Draft {
  const editCount = target.message.editCount + 1;
  const value = create(MessageEditedSchema, { targetSeq: target.seq, content, mentions, editCount });
  return {
    body: { case: "messageEdited", value },
    change: { entries: [toContentChange(target, { content, mentions }, next)] },
  };
}

async function requireEditContent(domain: Domain, { content, mentions }: EditMessageRequest): Promise<void> {
  if (content?.kind.case === "card") {
    const violations = [{ field: "content.card", description: "a card is changed by UpdateCard" }];
    throw new MaruError(ErrorReason.INVALID_REQUEST, { violations });
  }
  await requireAcceptableContent(domain, content);
  requireAcceptableMentions(content, mentions);
  const sizeBytes = toBinary(MessageSchema, create(MessageSchema, { content, mentions })).length;
  if (sizeBytes <= maxEditBytes) return;
  throw new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
    metadata: { field: "content", size_bytes: sizeBytes, limit_bytes: maxEditBytes },
    violations: [{ field: "content", description: `must be at most ${maxEditBytes} bytes with its mentions` }],
  });
}

function requireNoCard({ room }: RoomState, { seq, message }: Target): void {
  const kind = message.content?.kind;
  if (kind?.case !== "card") return;
  throw new MaruError(ErrorReason.CARD_TYPE_MISMATCH, {
    metadata: { room_id: room.roomId, seq, card_type: kind.value.type },
    message: "the message is a card, which is changed by UpdateCard",
  });
}

function saysAlready(message: Message, { content, mentions }: EditMessageRequest): boolean {
  const said = create(MessageSchema, { content: message.content, mentions: message.mentions });
  return equals(MessageSchema, said, create(MessageSchema, { content, mentions }));
}

function requireWithinWindow(kinds: RoomKinds, { room }: RoomState, target: Target, next: NextEntry): void {
  const { editWindowMs } = kindOf(kinds, room);
  if (editWindowMs === undefined || next.nowMs - target.createdAtMs <= editWindowMs) return;
  throw new MaruError(ErrorReason.EDIT_WINDOW_CLOSED, { metadata: { room_id: room.roomId, seq: target.seq } });
}
