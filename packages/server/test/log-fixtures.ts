import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  ActorSchema,
  AddMembersRequestSchema,
  CreateRoomRequestSchema,
  type Entry,
  FindOrCreateDirectRequestSchema,
  MemberRole,
  RemoveMembersRequestSchema,
  type Room,
  SendMessageRequestSchema,
} from "@maru/protocol";
import type { Call } from "../src/domain/call.ts";
import { type Domain, defaultDomainLimits } from "../src/domain/domain.ts";
import { createLog, defaultLogLimits, type LogOptions } from "../src/domain/log/log.ts";
import { sendMessage } from "../src/domain/messages/send.ts";
import { addMembers } from "../src/domain/rooms/add-members.ts";
import { createRoom } from "../src/domain/rooms/create.ts";
import { findOrCreateDirect } from "../src/domain/rooms/find-or-create-direct.ts";
import { removeMembers } from "../src/domain/rooms/remove-members.ts";
import { anyKind } from "../src/domain/rooms/room-kind.ts";
import type { Store } from "../src/domain/store.ts";
import { noCardTypes } from "./cards/no-card-types.ts";

export const call: Call = { caller: "tests", method: { name: "tests" }, signal: new AbortController().signal };

/** One server as far as the log is concerned: its own cache over a shared table. */
export function startServer(store: Store, options: Partial<LogOptions> = {}): Domain {
  const log = createLog({
    store,
    clock: { nowMs: Date.now },
    random: Math.random,
    sleep: (ms) => sleep(ms),
    newKey: () => randomUUID(),
    limits: defaultLogLimits,
    ...options,
  });
  return { store, log, limits: { ...defaultDomainLimits, maxTextBytes: 1_000 }, kinds: anyKind, cards: noCardTypes };
}

export const service = create(ActorSchema, { kind: { case: "service", value: { name: "" } } });

export function user(userId: string): Actor {
  return create(ActorSchema, { kind: { case: "userId", value: userId } });
}

interface Sending {
  readonly actor?: Actor;
  readonly text?: string;
  readonly key?: string;
  readonly holdMs?: number;
}

export function send(
  server: Domain,
  roomId: string,
  { actor = service, text = "hi", key = "", holdMs = 0 }: Sending = {},
): Promise<Entry> {
  const content = { kind: { case: "text" as const, value: { text } } };
  const request = { roomId, actor, content, idempotencyKey: key, holdMs };
  return sendMessage(server, call, create(SendMessageRequestSchema, request));
}

export function add(server: Domain, roomId: string, userIds: readonly string[], key = "") {
  const members = userIds.map((userId) => ({ userId, role: MemberRole.MEMBER }));
  const request = { roomId, actor: service, members, idempotencyKey: key };
  return addMembers(server, call, create(AddMembersRequestSchema, request));
}

export function remove(server: Domain, roomId: string, ...userIds: string[]) {
  return removeMembers(server, call, create(RemoveMembersRequestSchema, { roomId, actor: service, userIds }));
}

export function makeRoom(
  server: Domain,
  key: string = randomUUID(),
  title = "",
): Promise<{ room: Room; entry: Entry }> {
  const request = { kind: "group", title, actor: service, idempotencyKey: key };
  return createRoom(server, call, create(CreateRoomRequestSchema, request));
}

export function meet(server: Domain, userIds: readonly string[], subject: string, key = "", title = "") {
  const request = { kind: "direct", subject, title, userIds: [...userIds], actor: service, idempotencyKey: key };
  return findOrCreateDirect(server, call, create(FindOrCreateDirectRequestSchema, request));
}

export async function readLog(store: Store, roomId: string): Promise<Entry[]> {
  return (await store.readEntries({ roomId, limit: 100_000 })).map(({ entry }) => entry);
}
