import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Entry,
  type Member,
  MemberLeftSchema,
  MemberRole,
  MemberSchema,
  MembersAddedSchema,
  type MemberWithRole,
  MemberWithRoleSchema,
  type Room,
  RoomClosedSchema,
  RoomCreatedSchema,
  RoomSchema,
} from "@maru/protocol";
import { deriveRoomId } from "@maru/server/domain/rooms/room-id.ts";
import type { LoggedEntry } from "@maru/server/domain/store.ts";
import { type ImportSettings, toRoomId, toUserId } from "./import-settings.ts";
import { type ImportedDraft, toImportedEntry, userActor } from "./imported-entry.ts";
import { type MessageWithAttachments, toMessage, whyNot } from "./imported-message.ts";
import { type MembershipEvent, toMemberships } from "./memberships.ts";
import { createSeqIndex, type SeqIndex } from "./seq-index.ts";
import type { Rejected, SourceParticipant, SourceRoom } from "./source-rows.ts";

/** Members that one entry adds at most. */
const maxMembersOfAnEntry = 90;

/** The log of one room, made as its messages are read. Pure: the same rows make the same log, but for the time of appending. */
export interface RoomLogBuilder {
  readonly rejected: readonly Rejected[];
  /** Messages in the order of their ids. Returns the entries that it makes, in order. */
  add(message: MessageWithAttachments): readonly LoggedEntry[];
  /** The last entries, and the room as it then is. */
  end(): RoomLogEnd;
}

export interface RoomLogEnd {
  readonly entries: readonly LoggedEntry[];
  readonly room: Room;
  readonly members: readonly Member[];
  readonly lastSeq: number;
  /** The id under which services look for a direct room. */
  readonly aliasId: string | undefined;
  readonly seqs: SeqIndex;
}

export function startRoomLog(
  settings: ImportSettings,
  source: SourceRoom,
  participants: readonly SourceParticipant[],
  appendedAtMs: number,
): RoomLogBuilder {
  const roomId = toRoomId(settings, source.id);
  const kind = source.kind ?? settings.defaultKind;
  const memberships = toMemberships(participants);
  const rejected: Rejected[] = [...memberships.rejected];
  const waiting = [...memberships.events].reverse();
  const members = new Map<string, Member>();
  const seqs = createSeqIndex();
  const directUserIds = settings.directKinds.includes(kind) ? distinctUsers(settings, participants) : [];
  let seq = 0;
  let stateSeq = 0;
  let lastMs = 0;
  let made: LoggedEntry[] = [];

  function append(draft: ImportedDraft, changesState: boolean): void {
    seq++;
    if (changesState) stateSeq = seq;
    const place = { roomId, seq, stateSeq, notBeforeMs: lastMs, appendedAtMs };
    const logged = toImportedEntry(settings, draft, place);
    lastMs = Math.max(lastMs, Math.floor(draft.atMicros / 1000));
    made.push(logged);
  }

  function createRoom(untilMicros: number): void {
    const first = takeFirstMembers(untilMicros);
    const value = create(RoomCreatedSchema, {
      kind,
      title: source.title,
      subject: source.subject,
      members: first.map((event) => withRole(settings, event)),
      directUserIds,
    });
    const atMicros = source.createdAt ?? 0;
    const actor = userActor(settings, source.creator);
    append({ sourceId: `rooms/${source.id}`, actor, atMicros, body: { case: "roomCreated", value } }, true);
    for (const event of first) join(event);
  }

  /** Who joined before anything was said. */
  function takeFirstMembers(untilMicros: number): MembershipEvent[] {
    const first = new Map<string, MembershipEvent>();
    for (;;) {
      const next = waiting.at(-1);
      const fits = next?.kind === "joined" && next.atMicros <= untilMicros && first.size < maxMembersOfAnEntry;
      if (!fits || first.has(next.userId)) return [...first.values()];
      first.set(next.userId, next);
      waiting.pop();
    }
  }

  function join({ userId, role }: MembershipEvent): void {
    const id = toUserId(settings, userId);
    const member = members.get(id) ?? create(MemberSchema, { roomId, userId: id });
    members.set(id, Object.assign(member, { role: toRole(settings, role), joinedSeq: seq, leftSeq: 0 }));
  }

  function changeMembers(event: MembershipEvent): void {
    const actor = userActor(settings, event.userId);
    const userId = toUserId(settings, event.userId);
    const draft = { actor, atMicros: event.atMicros };
    if (event.kind === "joined") {
      const value = create(MembersAddedSchema, { members: [withRole(settings, event)] });
      const sourceId = `participants/${event.participantId}/joined`;
      append({ ...draft, sourceId, body: { case: "membersAdded", value } }, true);
      join(event);
      return;
    }
    const value = create(MemberLeftSchema, { userId });
    append(
      { ...draft, sourceId: `participants/${event.participantId}/left`, body: { case: "memberLeft", value } },
      true,
    );
    const member = members.get(userId);
    if (member !== undefined) member.leftSeq = seq;
  }

  /** What happened to members up to a time; the room's creation before all. */
  function catchUpTo(micros: number): void {
    if (seq === 0) createRoom(micros);
    for (let next = waiting.at(-1); next !== undefined && next.atMicros <= micros; next = waiting.at(-1)) {
      changeMembers(next);
      waiting.pop();
    }
  }

  function taken(): readonly LoggedEntry[] {
    const entries = made;
    made = [];
    return entries;
  }

  return {
    rejected,
    add(message) {
      const refusal = whyNot(message);
      if (refusal !== undefined) {
        rejected.push({ table: "messages", id: message.id, roomId: source.id, ...refusal });
        for (const { id } of message.attachments)
          rejected.push({ table: "attachments", id, roomId: source.id, reason: "message_rejected" });
        return [];
      }
      const atMicros = message.createdAt ?? 0;
      catchUpTo(atMicros);
      const actor = userActor(settings, message.senderId);
      const replyToSeq = message.replyToId === undefined ? 0 : (seqs.get(message.replyToId) ?? 0);
      const value = toMessage(message, { seq: seq + 1, replyToSeq, deletedBy: actor });
      append({ sourceId: messageSourceId(message.id), actor, atMicros, body: { case: "messageSent", value } }, false);
      seqs.add(message.id, seq);
      return taken();
    },
    end() {
      catchUpTo(Number.POSITIVE_INFINITY);
      if (source.closedAt !== undefined) {
        const body: Entry["body"] = { case: "roomClosed", value: create(RoomClosedSchema) };
        const actor = userActor(settings, undefined);
        append({ sourceId: `rooms/${source.id}/closed`, actor, atMicros: source.closedAt, body }, true);
      }
      for (const { userId, readMessageId } of participants) {
        const member = userId === undefined ? undefined : members.get(toUserId(settings, userId));
        if (member === undefined || readMessageId === undefined) continue;
        member.readSeq = Math.max(member.readSeq, seqs.upTo(readMessageId));
      }
      const room = create(RoomSchema, {
        roomId,
        kind,
        title: source.title,
        subject: source.subject,
        createdBy: userActor(settings, source.creator),
        createdAt: timestampFromMs(Math.floor((source.createdAt ?? 0) / 1000)),
        memberCount: [...members.values()].filter(({ leftSeq }) => leftSeq === 0).length,
        closed: source.closedAt !== undefined,
        stateSeq,
        directUserIds,
        authority: settings.source,
      });
      const aliasId = aliasOf(kind, source.subject, directUserIds);
      return { entries: taken(), room, members: [...members.values()], lastSeq: seq, aliasId, seqs };
    },
  };
}

export function messageSourceId(messageId: string): string {
  return `messages/${messageId}`;
}

function withRole(settings: ImportSettings, { userId, role }: MembershipEvent): MemberWithRole {
  return create(MemberWithRoleSchema, { userId: toUserId(settings, userId), role: toRole(settings, role) });
}

export function toRole({ adminRoles }: ImportSettings, role: string | undefined): MemberRole {
  return role !== undefined && adminRoles.includes(role) ? MemberRole.ADMIN : MemberRole.MEMBER;
}

function distinctUsers(settings: ImportSettings, participants: readonly SourceParticipant[]): string[] {
  const ids = participants.flatMap(({ userId }) => (userId === undefined ? [] : [toUserId(settings, userId)]));
  return [...new Set(ids)].sort();
}

/** As FindOrCreateDirect derives it. */
export function aliasOf(kind: string, subject: string, directUserIds: readonly string[]): string | undefined {
  return directUserIds.length === 0 ? undefined : deriveRoomId("direct", [kind, subject, ...directUserIds]);
}
