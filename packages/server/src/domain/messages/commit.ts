import { create } from "@bufbuild/protobuf";
import type { CommitMessageRequest, Entry } from "@maru/protocol";
import { CommitMessageRequestSchema, HoldState, MessageCommittedSchema } from "@maru/protocol";
import { actingUser, actorNotAllowed } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { toMessageChange } from "./content-change.ts";
import { requireHoldOpen } from "./hold.ts";
import { onTarget } from "./on-target.ts";
import { requireTarget } from "./target.ts";

export async function commitMessage(domain: Domain, call: Call, request: CommitMessageRequest): Promise<Entry> {
  const { kinds, log } = domain;
  const { seq } = request;
  const intent = onTarget(domain, call, CommitMessageRequestSchema, request);
  if (actingUser(intent.actor) !== undefined) {
    throw actorNotAllowed(intent.actor, "only a service or the system can commit a message");
  }
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      requireMayWrite(kinds, state, intent.actor, next);
      const target = requireTarget(state, loaded, seq, next);
      requireHoldOpen(state, target, next);
      const message = { ...target.message, holdState: HoldState.COMMITTED, holdExpiresAt: undefined };
      const contentSeqs = [...target.record.contentSeqs, next.seq];
      return {
        body: { case: "messageCommitted", value: create(MessageCommittedSchema, { targetSeq: seq, message }) },
        change: { entries: [{ ...toMessageChange(target, message), record: { ...target.record, contentSeqs } }] },
      };
    },
  });
  if (logged === undefined) throw new TypeError("a commit is always written");
  return logged.entry;
}
