import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Actor, Entry } from "@maru/protocol";
import { actingUsers, provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append, type Draft, type NextEntry } from "../log/append.ts";
import type { RoomState } from "../log/fold.ts";
import { toRequestKey } from "../log/request-key.ts";

interface ChangeRequest {
  readonly roomId: string;
  readonly actor?: Actor | undefined;
  readonly idempotencyKey: string;
}

export interface RoomChange {
  /** The users besides the actor whose membership the decision looks at. */
  readonly userIds?: readonly string[];
  /** As in Intent. */
  decide(state: RoomState, actor: Actor, next: NextEntry): Draft | undefined;
}

/** Appends what a request changes of a room's state; undefined when it changes nothing. */
export async function appendChange<Desc extends DescMessage>(
  { log }: Domain,
  call: Call,
  schema: Desc,
  request: MessageShape<Desc> & ChangeRequest,
  { userIds = [], decide }: RoomChange,
): Promise<Entry | undefined> {
  const actor = provenActor(call, request.actor);
  const logged = await append(log, call, {
    roomId: request.roomId,
    actor,
    key: toRequestKey(call.caller, actor, request.idempotencyKey, log.newKey, schema, request),
    userIds: [...new Set([...userIds, ...actingUsers(actor)])],
    decide: (state, next) => decide(state, actor, next),
  });
  return logged?.entry;
}
