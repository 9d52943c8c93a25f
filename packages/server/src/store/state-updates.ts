import type { AttributeValue, Update } from "@aws-sdk/client-dynamodb";
import { create, type Message } from "@bufbuild/protobuf";
import { type Entry, type Member, MemberSchema, type Room, RoomSchema } from "@maru/protocol";
import { changesState } from "../domain/log/changes-state.ts";
import type { EntryChange, MemberChange, StateChange } from "../domain/store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { encodeField, encodeMessage } from "./encode-message.ts";
import { bodyFieldOfCase } from "./entry-type.ts";
import { fieldUpdate } from "./field-update.ts";
import { isHeld } from "./items.ts";
import { entryKey, heldOwner, memberKey, metaKey, roomOwner } from "./keys.ts";
import { recordAttributeNames, recordAttributes } from "./message-record.ts";

/** The updates of `meta`, members and earlier entries that go with an entry. */
export function stateUpdates(tableName: string, entry: Entry, change: StateChange): Update[] {
  const { members = [], entries = [] } = change;
  // An edit leaves `meta` alone: many messages may be edited while the state stays as it is.
  const changesMeta = changesState(change) || change.pinnedSeqs !== undefined;
  return [
    ...(changesMeta ? [roomUpdate(tableName, entry, change)] : []),
    ...members.map((member) => memberUpdate(tableName, entry.roomId, member)),
    ...entries.map((changed) => entryUpdate(tableName, entry.roomId, changed)),
  ];
}

function roomUpdate(tableName: string, entry: Entry, change: StateChange): Update {
  const { roomId } = entry;
  const created = change.create && { ...createdFields(change.create), owner: { S: roomOwner(roomId) } };
  const pinned = change.pinnedSeqs && { pinned_seqs: encodeField(RoomSchema.field.pinnedSeqs, change.pinnedSeqs) };
  const fields = {
    ...created,
    ...changedFields(change.room ?? {}),
    ...pinned,
    state_seq: { N: String(entry.stateSeq) },
  };
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

function memberUpdate(tableName: string, roomId: string, { userId, ...changed }: MemberChange): Update {
  const fields = { owner: { S: userId }, ...memberFields(changed) };
  return fieldUpdate(tableName, memberKey(roomId, userId), fields);
}

/** The named fields; one that gets its default, or undefined, is removed. */
export function memberFields(changed: ChangedMember): Record<string, AttributeValue | undefined> {
  const bare = encodeMessage(MemberSchema, create(MemberSchema, changed));
  const names = Object.keys(changed).map((localName) => MemberSchema.field[localName as MemberField].name);
  return Object.fromEntries(names.map((name) => [name, bare[name]]));
}

type MemberField = keyof typeof MemberSchema.field;
type ChangedMember = Omit<Partial<Member>, "$typeName" | "$unknown">;

/** The entry must be there: one that retention has removed must not come back as half an item. */
function entryUpdate(tableName: string, roomId: string, change: EntryChange): Update {
  const field = bodyFieldOfCase(change.body.case);
  const kept: Record<string, AttributeValue | undefined> = recordAttributes(change.record);
  const fields: Record<string, AttributeValue | undefined> = {
    body: { M: encodeMessage(field.message, change.body.value as Message) },
    owner: isHeld(change.body) ? { S: heldOwner(roomId) } : undefined,
    ...Object.fromEntries(recordAttributeNames.map((name) => [name, kept[name]])),
    ...(change.withoutRequestHash && { request_hash: undefined }),
  };
  return {
    ...fieldUpdate(tableName, entryKey(roomId, change.seq), fields),
    ConditionExpression: "attribute_exists(sk)",
  };
}
