import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Actor,
  ActorSchema,
  type Entry,
  EntrySchema,
  MemberLeftSchema,
  MemberRoleChangedSchema,
  MembersAddedSchema,
  MemberWithRoleSchema,
  type Message,
  MessageDeletedSchema,
  MessageEditedSchema,
  MessageSchema,
  RoomClosedSchema,
  RoomImportedSchema,
  RoomUpdatedSchema,
} from "@maru/protocol";
import { changesState } from "@maru/server/domain/log/changes-state.ts";
import { isPresent } from "@maru/server/domain/log/fold.ts";
import { toEmptied } from "@maru/server/domain/messages/emptied.ts";
import type { LoggedEntry, MessageRecord, StateChange, Store } from "@maru/server/domain/store.ts";
import { type ImportSettings, toUserId } from "../room-log/import-settings.ts";
import { type ImportedDraft, toImportedEntry, toTimestamp, userActor } from "../room-log/imported-entry.ts";
import { type MessageWithAttachments, toContent, toMessage, whyNot } from "../room-log/imported-message.ts";
import type { RejectReason, SourceParticipant } from "../room-log/source-rows.ts";
import { messageSourceId, startRoomLog, toRole } from "../room-log/start-room-log.ts";
import { appendImported, setReadPosition } from "../target/append-imported.ts";
import type { Target } from "../target/connect-target.ts";
import { findMessage, type RoomCursor } from "../target/room-cursor.ts";
import { insertAliases } from "../target/room-items.ts";
import type { RoomChange } from "./to-room-changes.ts";

export interface ApplyDeps {
  readonly settings: ImportSettings;
  readonly target: Target;
  readonly store: Pick<Store, "readEntry" | "readEntriesAt" | "readMembers">;
  readonly nowMs: () => number;
  /** Numbers of messages that were written a moment ago. */
  readonly recent: { get(key: string): number | undefined; set(key: string, seq: number): unknown };
  /** The message as it is now in the source, with its attachments. */
  readonly readMessage: (id: string) => Promise<MessageWithAttachments | undefined>;
}

/** What became of a change. */
export type Applied =
  | { readonly kind: "written" }
  /** It says nothing that Maru keeps, or it was written before. */
  | { readonly kind: "nothing" }
  | {
      readonly kind: "rejected";
      readonly reason: RejectReason | "wrong_side" | "not_supported";
      readonly detail: string;
    }
  /** Somebody else has written: look at the room again. */
  | { readonly kind: "lost" };

const maxContentSeqs = 50;
const written: Applied = { kind: "written" };
const nothing: Applied = { kind: "nothing" };

/** Brings one change into its room. The cursor is where the room's log ends, and is moved. */
export async function applyChange(
  deps: ApplyDeps,
  roomId: string,
  cursor: RoomCursor | undefined,
  change: RoomChange,
): Promise<Applied> {
  if (cursor === undefined) return change.kind === "room_created" ? createRoom(deps, change) : roomMissing(change);
  if (change.position <= cursor.position) return nothing;
  const room = { deps, roomId, cursor, change };
  if (change.kind === "moved") return move(room, change.side);
  if (cursor.room.authority === "") {
    return { kind: "rejected", reason: "wrong_side", detail: `${change.kind}: the room lives in Maru` };
  }
  switch (change.kind) {
    case "room_created":
      return nothing;
    case "room_changed":
      return changeRoom(room, change);
    case "room_deleted":
      return closeRoom(room, change.atMs * 1000, "deleted");
    case "participant":
      return changeParticipant(room, change);
    case "message":
      return changeMessage(room, change);
    case "message_deleted":
      return rewrite(room, { ...change.before, deletedAt: change.before.deletedAt ?? change.atMs * 1000 });
    case "attachments": {
      const now = await deps.readMessage(change.messageId);
      return now === undefined ? nothing : rewrite(room, now);
    }
  }
}

interface InRoom {
  readonly deps: ApplyDeps;
  readonly roomId: string;
  readonly cursor: RoomCursor;
  readonly change: RoomChange;
}

function roomMissing({ kind, position }: RoomChange): Applied {
  return { kind: "rejected", reason: "room_missing", detail: `${kind} at ${position}: the room was not copied` };
}

async function createRoom(
  { settings, target, nowMs }: ApplyDeps,
  change: Extract<RoomChange, { kind: "room_created" }>,
): Promise<Applied> {
  if (change.room.createdAt === undefined)
    return { kind: "rejected", reason: "time_missing", detail: "the room has no created_at" };
  const log = startRoomLog(settings, change.room, change.participants, nowMs());
  const { entries, room, members, aliasId } = log.end();
  const [first] = entries;
  if (first === undefined || entries.length > 1) {
    return {
      kind: "rejected",
      reason: "not_supported",
      detail: `a room that begins with ${entries.length} entries at once`,
    };
  }
  const joined = members.map(({ userId, role }) => ({ userId, role, joinedSeq: 1, leftSeq: 0 }));
  if (!(await appendImported(target, first, { create: room, members: joined }, change.position)))
    return { kind: "lost" };
  if (aliasId !== undefined) await insertAliases(target, [{ aliasId, roomId: room.roomId }]);
  return written;
}

/** Puts the next entry, and moves the cursor behind it. */
async function append(
  { deps, roomId, cursor, change }: InRoom,
  draft: Omit<ImportedDraft, "sourceId"> & { readonly sourceId?: string },
  state?: StateChange,
): Promise<Applied> {
  const seq = cursor.tailSeq + 1;
  const stateSeq = changesState(state) ? seq : cursor.stateSeq;
  const place = { roomId, seq, stateSeq, notBeforeMs: cursor.tailMs, appendedAtMs: deps.nowMs() };
  const logged = toImportedEntry(deps.settings, { sourceId: `changes/${change.position}`, ...draft }, place);
  if (!(await appendImported(deps.target, logged, state, change.position))) return { kind: "lost" };
  moveCursor(cursor, logged, state, change.position);
  return written;
}

function moveCursor(
  cursor: RoomCursor,
  { entry }: LoggedEntry,
  state: StateChange | undefined,
  position: string,
): void {
  cursor.tailSeq = entry.seq;
  cursor.stateSeq = entry.stateSeq;
  cursor.tailMs = Number(entry.createdAt?.seconds ?? 0n) * 1000 + Math.floor((entry.createdAt?.nanos ?? 0) / 1_000_000);
  cursor.position = position;
  cursor.room = { ...cursor.room, ...state?.room };
}

/** The room lives in Maru now. This is news: the first event of the room, or the first since it was handed back. */
async function move({ deps, roomId, cursor, change }: InRoom, side: "postgresql" | "maru"): Promise<Applied> {
  const isHere = cursor.room.authority === "";
  if (side === "postgresql") {
    return isHere
      ? { kind: "rejected", reason: "wrong_side", detail: "PostgreSQL took the room, and Maru has not handed it back" }
      : nothing;
  }
  if (isHere) return nothing;
  const seq = cursor.tailSeq + 1;
  const value = create(RoomImportedSchema, {
    source: cursor.room.authority,
    firstSeq: cursor.handedBackSeq + 1,
    lastSeq: cursor.tailSeq,
  });
  const entry = create(EntrySchema, {
    ...{ roomId, seq, stateSeq: seq, type: "room_imported", caller: deps.settings.caller },
    actor: create(ActorSchema, { kind: { case: "system", value: {} } }),
    createdAt: timestampFromMs(Math.max(deps.nowMs(), cursor.tailMs)),
    idempotencyKey: `moved/${change.position}`,
    body: { case: "roomImported", value },
  });
  const logged = { entry, requestHash: undefined, appendedAtMs: deps.nowMs() };
  const state = { room: { authority: "" } };
  if (!(await appendImported(deps.target, logged, state, change.position))) return { kind: "lost" };
  moveCursor(cursor, logged, state, change.position);
  return written;
}

async function changeRoom(
  room: InRoom,
  { before, room: now }: Extract<RoomChange, { kind: "room_changed" }>,
): Promise<Applied> {
  if (now.closedAt !== undefined && !room.cursor.room.closed) return closeRoom(room, now.closedAt, "");
  if (before.title === now.title) return nothing;
  const value = create(RoomUpdatedSchema, {
    changedFields: ["title"],
    title: now.title,
    attributes: room.cursor.room.attributes,
  });
  const draft = { actor: userActor(room.deps.settings, undefined), atMicros: room.change.atMs * 1000 };
  return append(room, { ...draft, body: { case: "roomUpdated", value } }, { room: { title: now.title } });
}

function closeRoom(room: InRoom, atMicros: number, reason: string): Promise<Applied> | Applied {
  if (room.cursor.room.closed) return nothing;
  const body: Entry["body"] = { case: "roomClosed", value: create(RoomClosedSchema, { reason }) };
  return append(room, { actor: userActor(room.deps.settings, undefined), atMicros, body }, { room: { closed: true } });
}

async function changeParticipant(
  room: InRoom,
  { before, now }: Extract<RoomChange, { kind: "participant" }>,
): Promise<Applied> {
  const { deps, roomId, change } = room;
  const row = now ?? before;
  if (row?.userId === undefined) return { kind: "rejected", reason: "user_missing", detail: `participant ${row?.id}` };
  const userId = toUserId(deps.settings, row.userId);
  const member = (await deps.store.readMembers(roomId, [userId])).get(userId);
  const isIn = isPresent(member);
  const shouldBeIn = now !== undefined && now.leftAt === undefined;
  const wasAnother = before !== undefined && before.leftAt !== undefined && now?.leftAt !== undefined;
  let applied = nothing;
  if (shouldBeIn && !isIn) applied = await joinMember(room, now, userId);
  else if (!shouldBeIn && isIn && !wasAnother) applied = await leaveMember(room, row, userId);
  else if (shouldBeIn && now !== undefined && toRole(deps.settings, now.role) !== member?.role) {
    const role = toRole(deps.settings, now.role);
    const value = create(MemberRoleChangedSchema, { userId, role });
    const draft = { actor: userActor(deps.settings, undefined), atMicros: change.atMs * 1000 };
    applied = await append(
      room,
      { ...draft, body: { case: "memberRoleChanged", value } },
      { members: [{ userId, role }] },
    );
  }
  if (applied.kind === "lost") return applied;
  if (now?.readMessageId === undefined && before?.readMessageId === undefined) return applied;
  const readSeq = now?.readMessageId === undefined ? 0 : (await seqOf(room, now.readMessageId)).upTo;
  if (now === undefined || readSeq === (member?.readSeq ?? 0)) return applied;
  await setReadPosition(deps.target, { roomId, userId }, readSeq, change.position);
  return written;
}

function joinMember(
  room: InRoom,
  { joinedAt, role: given, userId: id }: SourceParticipant,
  userId: string,
): Promise<Applied> {
  const { deps, cursor, change } = room;
  const role = toRole(deps.settings, given);
  const value = create(MembersAddedSchema, { members: [create(MemberWithRoleSchema, { userId, role })] });
  const draft = { actor: userActor(deps.settings, id), atMicros: joinedAt ?? change.atMs * 1000 };
  return append(
    room,
    { ...draft, body: { case: "membersAdded", value } },
    {
      room: { memberCount: cursor.room.memberCount + 1 },
      members: [{ userId, role, joinedSeq: cursor.tailSeq + 1, leftSeq: 0 }],
    },
  );
}

function leaveMember(room: InRoom, { leftAt, userId: id }: SourceParticipant, userId: string): Promise<Applied> {
  const { deps, cursor, change } = room;
  const draft = { actor: userActor(deps.settings, id), atMicros: leftAt ?? change.atMs * 1000 };
  return append(
    room,
    { ...draft, body: { case: "memberLeft", value: create(MemberLeftSchema, { userId }) } },
    {
      room: { memberCount: cursor.room.memberCount - 1 },
      members: [{ userId, leftSeq: cursor.tailSeq + 1 }],
    },
  );
}

async function changeMessage(
  room: InRoom,
  { before, now }: Extract<RoomChange, { kind: "message" }>,
): Promise<Applied> {
  if (before === undefined) return addMessage(room, now);
  const says = ({ text, editedAt, deletedAt }: MessageWithAttachments) => [text, editedAt, deletedAt].join("\n");
  if (before.senderId !== now.senderId || before.createdAt !== now.createdAt || before.replyToId !== now.replyToId) {
    return {
      kind: "rejected",
      reason: "not_supported",
      detail: `message ${now.id}: sender, time or answer was changed`,
    };
  }
  if (says(before) === says(now)) return nothing;
  const { attachments = [] } = (await room.deps.readMessage(now.id)) ?? {};
  return rewrite(room, { ...now, attachments });
}

async function addMessage(room: InRoom, message: MessageWithAttachments): Promise<Applied> {
  const { deps, roomId, cursor } = room;
  const refusal = whyNot(message);
  if (refusal !== undefined) {
    return { kind: "rejected", reason: refusal.reason, detail: `message ${message.id} ${refusal.detail ?? ""}`.trim() };
  }
  const actor = userActor(deps.settings, message.senderId);
  const replyToSeq = message.replyToId === undefined ? 0 : ((await seqOf(room, message.replyToId)).exact ?? 0);
  const seq = cursor.tailSeq + 1;
  const value = toMessage(message, { seq, replyToSeq, deletedBy: actor });
  const draft = { sourceId: messageSourceId(message.id), actor, atMicros: message.createdAt ?? 0 };
  const applied = await append(room, { ...draft, body: { case: "messageSent", value } });
  if (applied.kind === "written") deps.recent.set(recentKey(roomId, message.id), seq);
  return applied;
}

/** The message as its row now says: another content, gone, or there again. */
async function rewrite(room: InRoom, now: MessageWithAttachments): Promise<Applied> {
  const { deps, roomId, cursor, change } = room;
  const { exact } = await seqOf(room, now.id);
  // It could not be copied as it was.
  if (exact === undefined) return addMessage(room, now);
  const target = await deps.store.readEntry(roomId, exact);
  if (target?.entry.body.case !== "messageSent")
    throw new Error(`entry ${exact} of room ${roomId} is no message any more`);
  const message = target.entry.body.value;
  const record: MessageRecord = target.record ?? { contentSeqs: [], original: undefined, reactions: new Map() };
  const seq = cursor.tailSeq + 1;
  const actor = userActor(deps.settings, now.senderId);
  if (now.deletedAt !== undefined) {
    if (message.deletion !== undefined) return nothing;
    const contents = await deps.store.readEntriesAt(roomId, record.contentSeqs);
    const value = create(MessageDeletedSchema, { targetSeq: exact });
    const body: Entry["body"] = {
      case: "messageSent",
      value: withEdit(message, toTombstone(now, message, seq, actor), now),
    };
    const draft = { actor, atMicros: now.deletedAt, body: { case: "messageDeleted" as const, value } };
    return append(room, draft, { entries: [{ seq: exact, body }, ...contents.map(toEmptied)] });
  }
  const content = toContent(now);
  const editCount = message.editCount + 1;
  // A deletion takes content away from so many entries; a later edit is told without its own.
  const isKept = record.contentSeqs.length < maxContentSeqs;
  const value = create(MessageEditedSchema, { targetSeq: exact, editCount, ...(isKept && { content }) });
  const rewritten = create(MessageSchema, { ...message, content, deletion: undefined, editCount });
  const body: Entry["body"] = { case: "messageSent", value: withEdit(message, rewritten, now) };
  const original = record.original ?? (message.content && { content: message.content, mentions: message.mentions });
  const contentSeqs = isKept ? [...record.contentSeqs, seq] : record.contentSeqs;
  const draft = {
    actor,
    atMicros: now.editedAt ?? change.atMs * 1000,
    body: { case: "messageEdited" as const, value },
  };
  return append(room, draft, { entries: [{ seq: exact, body, record: { ...record, original, contentSeqs } }] });
}

function toTombstone(now: MessageWithAttachments, message: Message, seq: number, deletedBy: Actor): Message {
  const { deletion } = toMessage(now, { seq, replyToSeq: message.replyToSeq, deletedBy });
  return create(MessageSchema, { replyToSeq: message.replyToSeq, editCount: message.editCount, deletion });
}

function withEdit(_before: Message, now: Message, { editedAt }: MessageWithAttachments): Message {
  return create(MessageSchema, { ...now, editedAt: editedAt === undefined ? undefined : toTimestamp(editedAt) });
}

async function seqOf(
  { deps, roomId }: InRoom,
  messageId: string,
): Promise<{ exact: number | undefined; upTo: number }> {
  const known = deps.recent.get(recentKey(roomId, messageId));
  if (known !== undefined) return { exact: known, upTo: known };
  const found = await findMessage(deps.target, roomId, messageId);
  if (found.exact !== undefined) deps.recent.set(recentKey(roomId, messageId), found.exact);
  return found;
}

function recentKey(roomId: string, messageId: string): string {
  return `${roomId}\n${messageId}`;
}
