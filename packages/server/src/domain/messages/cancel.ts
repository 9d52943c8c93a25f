import type { CancelMessageRequest, Entry } from "@maru/protocol";
import { CancelMessageRequestSchema } from "@maru/protocol";
import { actingUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { requireMayWrite } from "../rooms/may-write.ts";
import { requireHoldOpen, toCancellation } from "./hold.ts";
import { onTarget } from "./on-target.ts";
import { isAuthor, notTheAuthor, requireTarget } from "./target.ts";

export async function cancelMessage(domain: Domain, call: Call, request: CancelMessageRequest): Promise<Entry> {
  const { kinds, log } = domain;
  const { seq, reason } = request;
  const intent = onTarget(domain, call, CancelMessageRequestSchema, request);
  const { actor } = intent;
  const logged = await append(log, call, {
    ...intent,
    decide(state, next, loaded) {
      const isUser = actingUser(actor) !== undefined;
      // Services give messages up also where nobody may write any more.
      if (isUser) requireMayWrite(kinds, state, actor, next);
      const target = requireTarget(state, loaded, seq, next);
      if (isUser && !isAuthor(actor, target)) throw notTheAuthor(state, target);
      requireHoldOpen(state, target, next);
      return toCancellation(target, { expired: false, reason });
    },
  });
  if (logged === undefined) throw new TypeError("a cancellation is always written");
  return logged.entry;
}
