import { create } from "@bufbuild/protobuf";
import type { CreateRoomRequest, Entry, Room } from "@maru/protocol";
import { CreateRoomRequestSchema, ErrorReason, RoomCreatedSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { provenActor } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { firstAnswer } from "../log/append.ts";
import { toRequestKey } from "../log/request-key.ts";
import { toCreation, toMembersWithRoles, withTail } from "./creation.ts";
import { type ExistingRoom, putCreation, readExisting } from "./put-creation.ts";
import { deriveRoomId } from "./room-id.ts";
import { requireMayCreate } from "./room-kind.ts";

export async function createRoom(
  domain: Domain,
  call: Call,
  request: CreateRoomRequest,
): Promise<{ readonly room: Room; readonly entry: Entry }> {
  if (request.kind === "direct") {
    throw new MaruError(ErrorReason.ROOM_KIND_NOT_ALLOWED, {
      metadata: { kind: request.kind },
      message: "rooms of the kind direct are made by FindOrCreateDirect",
    });
  }
  const { log } = domain;
  const actor = provenActor(call, request.actor);
  const body = create(RoomCreatedSchema, {
    kind: request.kind,
    title: request.title,
    attributes: request.attributes,
    subject: request.subject,
    members: toMembersWithRoles(request.members),
  });
  const key = toRequestKey(call.caller, actor, request.idempotencyKey, log.newKey, CreateRoomRequestSchema, request);
  const roomId = deriveRoomId("created", [key.scope]);
  const creation = toCreation(call, actor, key, roomId, body, log.clock.nowMs());
  const existing = (await readWhereRefused(domain, call, creation.room)) ?? (await putCreation(domain, creation));
  if (existing === undefined) return { room: withTail(creation.room, creation.first), entry: creation.first.entry };
  const first = firstAnswer(existing.first, { key, roomId });
  return { room: withTail(existing.room, existing.tail), entry: first.entry };
}

/** Where the room may not be made now: it, if it was made before. A call that is repeated gets its first answer also then. */
async function readWhereRefused(
  { store, kinds }: Domain,
  { caller }: Call,
  room: Room,
): Promise<ExistingRoom | undefined> {
  try {
    requireMayCreate(kinds, room, caller);
    return undefined;
  } catch (refusal) {
    const existing = await readExisting(store, room.roomId);
    if (existing === undefined) throw refusal;
    return existing;
  }
}
