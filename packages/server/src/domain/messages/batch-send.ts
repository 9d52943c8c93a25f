import { create } from "@bufbuild/protobuf";
import type { BatchSendMessagesRequest, BatchSendResult } from "@maru/protocol";
import { BatchSendResultSchema, ErrorReason, SendFailureSchema, SendMessageRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { inParallel } from "../in-parallel.ts";
import { requireAcceptableContent } from "./acceptable-content.ts";
import { requireAcceptableMentions } from "./acceptable-mentions.ts";
import { sendMessage } from "./send.ts";

const roomsAtOnce = 10;

/** Each room gets the request that SendMessage would take, with the same key: sending it alone later is the same act. */
export async function batchSendMessages(
  domain: Domain,
  call: Call,
  request: BatchSendMessagesRequest,
): Promise<BatchSendResult[]> {
  const { actor, roomIds, content, mentions, idempotencyKey } = request;
  // What would be refused in every room is refused at once.
  provenActor(call, actor);
  await requireAcceptableContent(domain, content);
  requireAcceptableMentions(content, mentions);
  return inParallel(roomIds, roomsAtOnce, async (roomId) => {
    const one = create(SendMessageRequestSchema, { roomId, actor, content, mentions, idempotencyKey });
    const outcome = await sendMessage(domain, call, one).then(
      (value) => ({ case: "entry" as const, value }),
      (error: unknown) => ({ case: "failure" as const, value: toFailure(domain, roomId, error) }),
    );
    return create(BatchSendResultSchema, { roomId, outcome });
  });
}

function toFailure({ onFault }: Domain, roomId: string, error: unknown) {
  if (!(error instanceof MaruError)) onFault?.(error, { room_id: roomId });
  const { reason, message, metadata } =
    error instanceof MaruError ? error : new MaruError(ErrorReason.INTERNAL, { cause: error });
  return create(SendFailureSchema, { reason, message, metadata });
}
