import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Actor } from "@maru/protocol";
import { actingUsers, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { toRequestKey } from "../log/request-key.ts";

interface TargetRequest {
  readonly roomId: string;
  readonly actor?: Actor | undefined;
  readonly seq: number;
  readonly idempotencyKey: string;
}

/** What all acts on one message have in common: they are decided on the message's entry. */
export function onTarget<Desc extends DescMessage>(
  { log, store }: Domain,
  call: Call,
  schema: Desc,
  request: MessageShape<Desc> & TargetRequest,
) {
  const { roomId, seq } = request;
  const actor = provenActor(call, request.actor);
  return {
    roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, log.newKey, schema, request),
    userIds: actingUsers(actor),
    load: () => store.readEntry(roomId, seq),
  };
}
