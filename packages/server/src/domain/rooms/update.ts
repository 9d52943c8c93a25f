import { create } from "@bufbuild/protobuf";
import type { Entry, Room, UpdateRoomRequest } from "@maru/protocol";
import { ErrorReason, RoomUpdatedSchema, UpdateRoomRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { requireAdmin } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import type { Draft } from "../log/append.ts";
import { appendChange } from "./append-change.ts";
import { getRoom } from "./get.ts";
import { requireNotClosed } from "./may-write.ts";
import { type RoomMask, toRoomMask } from "./room-mask.ts";

type Attributes = Room["attributes"];

/** As many as a request may carry. */
const maxAttributes = 64;

export async function updateRoom(
  domain: Domain,
  call: Call,
  request: UpdateRoomRequest,
): Promise<{ readonly room: Room; readonly entry: Entry | undefined }> {
  const mask = toRoomMask(request.updateMask?.paths ?? []);
  const entry = await appendChange(domain, call, UpdateRoomRequestSchema, request, {
    decide(state, actor) {
      requireAdmin(state, actor);
      requireNotClosed(state);
      requireExpected(state.room, request.expectedStateSeq);
      return toUpdate(state.room, request, mask);
    },
  });
  return { room: await getRoom(domain, request), entry };
}

function requireExpected({ roomId, stateSeq }: Room, expected: number | undefined): void {
  if (expected === undefined || expected === stateSeq) return;
  throw new MaruError(ErrorReason.STATE_CHANGED, { metadata: { room_id: roomId, state_seq: stateSeq } });
}

/** The entry of what is really another than before; undefined when nothing is. */
function toUpdate(room: Room, request: UpdateRoomRequest, mask: RoomMask): Draft | undefined {
  const attributes = attributesAfter(room.attributes, request.attributes, mask);
  const changed = {
    ...(mask.title && request.title !== room.title ? { title: request.title } : {}),
    ...(isSame(attributes, room.attributes) ? {} : { attributes }),
  };
  const changedFields = Object.keys(changed);
  if (changedFields.length === 0) return undefined;
  const value = create(RoomUpdatedSchema, { ...changed, changedFields });
  return { body: { case: "roomUpdated", value }, change: { room: changed } };
}

function attributesAfter(before: Attributes, given: Attributes, mask: RoomMask): Attributes {
  if (mask.attributes === "all") return given;
  const after = new Map(Object.entries(before));
  for (const name of mask.attributes) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) after.delete(name);
    else after.set(name, value);
  }
  if (after.size > maxAttributes) {
    throw new MaruError(ErrorReason.INVALID_REQUEST, {
      violations: [{ field: "attributes", description: `the room would have ${after.size}, and may ${maxAttributes}` }],
    });
  }
  return Object.fromEntries(after);
}

function isSame(one: Attributes, other: Attributes): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
