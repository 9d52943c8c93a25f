import type { AttributeValue, Update } from "@aws-sdk/client-dynamodb";
import { type Entry, MemberSchema, type Room, RoomSchema } from "@maru/protocol";
import type { MemberChange, StateChange } from "../domain/store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { encodeField, encodeMessage } from "./encode-message.ts";
import { fieldUpdate } from "./field-update.ts";
import { memberKey, metaKey, roomOwner } from "./keys.ts";

/** The updates of `meta` and members that go with an entry. */
export function stateUpdates(tableName: string, entry: Entry, change: StateChange): Update[] {
  const members = change.members ?? [];
  return [
    roomUpdate(tableName, entry, change),
    ...members.map((member) => memberUpdate(tableName, entry.roomId, member)),
  ];
}

function roomUpdate(tableName: string, entry: Entry, change: StateChange): Update {
  const { roomId } = entry;
  const created = change.create && { ...createdFields(change.create), owner: { S: roomOwner(roomId) } };
  const fields = { ...created, ...changedFields(change.room ?? {}), state_seq: { N: String(entry.stateSeq) } };
  return {
    ...fieldUpdate(tableName, metaKey(roomId), fields),
    ConditionExpression: created === undefined ? "attribute_exists(sk)" : "attribute_not_exists(sk)",
  };
}

/** The key is the item's, and the log's tail says the last entry. */
function createdFields(room: Room): AttributeMap {
  const { room_id: _key, last_seq: _seq, last_entry_at: _at, ...fields } = encodeMessage(RoomSchema, room);
  return fields;
}

function changedFields(room: NonNullable<StateChange["room"]>): AttributeMap {
  const fields: AttributeMap = {};
  for (const [localName, value] of Object.entries(room)) {
    const field = RoomSchema.field[localName as keyof typeof room];
    if (value !== undefined) fields[field.name] = encodeField(field, value);
  }
  return fields;
}

function memberUpdate(tableName: string, roomId: string, change: MemberChange): Update {
  const { role, joinedSeq, leftSeq } = MemberSchema.field;
  const fields: Record<string, AttributeValue | undefined> = {
    owner: { S: change.userId },
    [role.name]: encodeField(role, change.role),
    [joinedSeq.name]: encodeField(joinedSeq, change.joinedSeq),
    [leftSeq.name]: change.leftSeq === 0 ? undefined : encodeField(leftSeq, change.leftSeq),
  };
  return fieldUpdate(tableName, memberKey(roomId, change.userId), fields);
}
