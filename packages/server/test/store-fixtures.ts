import { randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActorSchema, EntrySchema, MemberRole, RoomSchema } from "@maru/protocol";
import type { LoggedEntry, MemberChange, StateChange } from "../src/domain/store.ts";

export const BORN_AT_MS = Date.UTC(2026, 5, 1, 12, 0, 0, 123);

export function logged(roomId: string, seq: number, init: MessageInitShape<typeof EntrySchema>): LoggedEntry {
  const entry = create(EntrySchema, init);
  Object.assign(entry, { roomId, seq, caller: "tests", createdAt: timestampFromMs(BORN_AT_MS + seq) });
  entry.actor ??= create(ActorSchema, { kind: { case: "userId", value: "ann" } });
  entry.stateSeq ||= 1;
  entry.idempotencyKey ||= randomUUID();
  return { entry, requestHash: `hash-${seq}`, appendedAtMs: BORN_AT_MS + seq + 1 };
}

export function textEntry(roomId: string, seq: number, text = `text ${seq}`): LoggedEntry {
  const value = { content: { kind: { case: "text" as const, value: { text } } } };
  return logged(roomId, seq, { type: "message_sent", body: { case: "messageSent", value } });
}

export function creation(roomId: string, userIds: readonly string[]): { entry: LoggedEntry; change: StateChange } {
  const members = userIds.map((userId) => ({ userId, role: MemberRole.MEMBER }));
  const value = { kind: "group", title: "Old title", members };
  return {
    entry: logged(roomId, 1, { type: "room_created", body: { case: "roomCreated", value } }),
    change: {
      create: create(RoomSchema, {
        roomId,
        kind: "group",
        title: "Old title",
        attributes: { listing: "l1" },
        createdBy: { kind: { case: "service", value: { name: "tests" } } },
        createdAt: timestampFromMs(BORN_AT_MS + 1),
        memberCount: userIds.length,
        stateSeq: 1,
      }),
      members: userIds.map((userId) => joined(userId, 1)),
    },
  };
}

export function joined(userId: string, joinedSeq: number): MemberChange {
  return { userId, role: MemberRole.MEMBER, joinedSeq, leftSeq: 0 };
}

export function leaving(roomId: string, seq: number, userId: string): LoggedEntry {
  return logged(roomId, seq, { stateSeq: seq, type: "member_left", body: { case: "memberLeft", value: { userId } } });
}
