import { create } from "@bufbuild/protobuf";
import type { Entry, UnpinMessageRequest } from "@maru/protocol";
import { MessageUnpinnedSchema, UnpinMessageRequestSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { toMessageChange } from "./content-change.ts";
import { onTarget } from "./on-target.ts";
import { requireTarget } from "./target.ts";

/** Undefined when the message was not pinned. */
export async function unpinMessage(
  domain: Domain,
  call: Call,
  request: UnpinMessageRequest,
): Promise<Entry | undefined> {
  const { kinds, log } = domain;
  const { seq } = request;
  const intent = onTarget(domain, call, UnpinMessageRequestSchema, request);
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(kinds, state, intent.actor, next);
      const { pinnedSeqs } = state.room;
      const isPinned = pinnedSeqs.includes(seq);
      // Of a pinned message that retention has removed only the pin is left to take back.
      const target = isPinned && loaded === undefined ? undefined : requireTarget(state, loaded, seq, next);
      if (!isPinned) return undefined;
      return {
        body: { case: "messageUnpinned", value: create(MessageUnpinnedSchema, { targetSeq: seq }) },
        change: {
          entries: target === undefined ? [] : [toMessageChange(target, { ...target.message, pinned: false })],
          pinnedSeqs: pinnedSeqs.filter((other) => other !== seq),
        },
      };
    },
  });
  return logged?.entry;
}
