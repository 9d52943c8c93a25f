import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  type Card,
  CardUpdatedSchema,
  ContentSchema,
  type Entry,
  ErrorReason,
  type UpdateCardRequest,
  UpdateCardRequestSchema,
} from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { actorNotAllowed } from "../actor.ts";
import type { Call } from "../call.ts";
import { cardMismatch } from "../cards/card-mismatch.ts";
import { notOwned } from "../cards/not-owned.ts";
import { requireCard } from "../cards/require-card.ts";
import type { Domain } from "../domain.ts";
import { append, type Draft, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { toContentChange } from "./content-change.ts";
import { requireEditsLeft } from "./edits-left.ts";
import { onTarget } from "./on-target.ts";
import { requireNotDeleted, requireShown, requireTarget, type Target } from "./target.ts";

/** No edit window holds it back: what a card shows, a payment for example, goes on after its message was sent. */
export async function updateCard(domain: Domain, call: Call, request: UpdateCardRequest): Promise<Entry> {
  const { cards, kinds, limits, log } = domain;
  const intent = onTarget(domain, call, UpdateCardRequestSchema, request);
  requireService(intent.actor);
  const card = request.card;
  if (card === undefined) throw new MaruError(ErrorReason.INVALID_REQUEST);
  const { record } = await requireCard(cards, card, "card");
  if (record.owner !== call.caller) throw notOwned(card.type, call.caller);
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(kinds, state, intent.actor, next);
      const target = requireTarget(state, loaded, request.seq, next);
      requireNotDeleted(state, target);
      requireShown(state, target);
      requireCardOf(state, target, card.type);
      requireEditsLeft(limits, state, target);
      return toUpdate(target, card, next);
    },
  });
  if (logged === undefined) throw new TypeError("an update is always written");
  return logged.entry;
}

function toUpdate(target: Target, card: Card, next: NextEntry): Draft {
  const editCount = target.message.editCount + 1;
  const content = create(ContentSchema, { kind: { case: "card", value: card } });
  const { mentions } = target.message;
  return {
    body: { case: "cardUpdated", value: create(CardUpdatedSchema, { targetSeq: target.seq, card, editCount }) },
    change: { entries: [toContentChange(target, { content, mentions }, next)] },
  };
}

function requireService(actor: Actor): void {
  if (actor.kind.case === "service") return;
  throw actorNotAllowed(actor, "a card is updated by the service that owns its type, and by no other actor");
}

function requireCardOf({ room }: RoomState, { seq, message }: Target, type: string): void {
  const kind = message.content?.kind;
  const present = kind?.case === "card" ? kind.value.type : "";
  if (present !== type) throw cardMismatch(room.roomId, seq, present);
}
