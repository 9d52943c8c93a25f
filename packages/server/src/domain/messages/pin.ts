import { create } from "@bufbuild/protobuf";
import type { Entry, PinMessageRequest } from "@maru/protocol";
import { ErrorReason, MessagePinnedSchema, PinMessageRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain, DomainLimits } from "../domain.ts";
import { append } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { toMessageChange } from "./content-change.ts";
import { onTarget } from "./on-target.ts";
import { requireNotDeleted, requireShown, requireTarget } from "./target.ts";

/** Undefined when the message was pinned already. */
export async function pinMessage(domain: Domain, call: Call, request: PinMessageRequest): Promise<Entry | undefined> {
  const { kinds, limits, log } = domain;
  const { seq } = request;
  const intent = onTarget(domain, call, PinMessageRequestSchema, request);
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(kinds, state, intent.actor, next);
      const target = requireTarget(state, loaded, seq, next);
      requireNotDeleted(state, target);
      requireShown(state, target);
      const { pinnedSeqs } = state.room;
      if (pinnedSeqs.includes(seq)) return undefined;
      requireRoomFor(limits, state);
      return {
        body: { case: "messagePinned", value: create(MessagePinnedSchema, { targetSeq: seq }) },
        change: {
          entries: [toMessageChange(target, { ...target.message, pinned: true })],
          pinnedSeqs: [...pinnedSeqs, seq],
        },
      };
    },
  });
  return logged?.entry;
}

function requireRoomFor({ maxPins }: DomainLimits, { room }: RoomState): void {
  if (room.pinnedSeqs.length < maxPins) return;
  throw new MaruError(ErrorReason.PIN_LIMIT_REACHED, { metadata: { room_id: room.roomId, limit: maxPins } });
}
