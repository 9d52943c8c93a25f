import { type Member, MemberSchema, type Room, RoomSchema } from "@maru/protocol";
import type { AttributeMap } from "./attribute-map.ts";
import { encodeMessage } from "./encode-message.ts";
import { VERSION_ATTRIBUTE } from "./items.ts";
import { memberKey, metaKey, roomOwner } from "./keys.ts";

/**
 * The place in the source up to which the room was brought. Whoever goes on from there passes over what is not behind it. On
 * entries too, where they were brought one by one.
 */
export const importPosition = "import_position";

export function toImportedRoomItem(room: Room, position: string): AttributeMap {
  const { room_id: _key, last_seq: _seq, last_entry_at: _at, ...fields } = encodeMessage(RoomSchema, room);
  return {
    ...metaKey(room.roomId),
    ...fields,
    v: VERSION_ATTRIBUTE,
    owner: { S: roomOwner(room.roomId) },
    [importPosition]: { S: position },
  };
}

export function toImportedMemberItem(member: Member, position: string): AttributeMap {
  const { room_id: _room, user_id: _user, ...fields } = encodeMessage(MemberSchema, member);
  return {
    ...memberKey(member.roomId, member.userId),
    ...fields,
    v: VERSION_ATTRIBUTE,
    owner: { S: member.userId },
    [importPosition]: { S: position },
  };
}
