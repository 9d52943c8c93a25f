import { create } from "@bufbuild/protobuf";
import {
  ActorSchema,
  CANARY_ROOM_PREFIX,
  type Entry,
  RoomCreatedSchema,
  SendMessageRequestSchema,
} from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { madeKey } from "../log/request-key.ts";
import { sendMessage } from "../messages/send.ts";
import { toCreation } from "../rooms/creation.ts";
import { putCreation } from "../rooms/put-creation.ts";
import { purge } from "./purge.ts";

/** The room in which a server sends to itself. It has no members, and the id of no room that a team makes. */
export const canaryRoomId = CANARY_ROOM_PREFIX;

const system = create(ActorSchema, { kind: { case: "system", value: {} } });
const everything = 2 ** 32;

/** Makes the room, if it is not there. */
export async function openCanaryRoom(domain: Domain, call: Call): Promise<void> {
  if ((await domain.store.readRoom(canaryRoomId)) !== undefined) return;
  const { log } = domain;
  const body = create(RoomCreatedSchema, { kind: CANARY_ROOM_PREFIX, title: "canary" });
  const key = madeKey(call.caller, system, log.newKey());
  await putCreation(domain, toCreation(call, system, key, canaryRoomId, body, log.clock.nowMs()));
}

/** The same way that a message of a team goes. */
export function sendCanary(domain: Domain, call: Call): Promise<Entry> {
  const content = { kind: { case: "text" as const, value: { text: "canary" } } };
  return sendMessage(domain, call, create(SendMessageRequestSchema, { roomId: canaryRoomId, actor: system, content }));
}

/** Removes what is older than a day, so that the room does not grow for ever, whatever the policy says of retention. */
export function trimCanaryRoom({ store, log }: Domain): Promise<number> {
  return purge({ store, clock: log.clock }, canaryRoomId, everything);
}
