import { create } from "@bufbuild/protobuf";
import {
  ActorSchema,
  AddMembersRequestSchema,
  CreateRoomRequestSchema,
  ErrorReason,
  FindOrCreateDirectRequestSchema,
  LeaveRoomRequestSchema,
} from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { noCardTypes } from "../../../test/cards/no-card-types.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { type Domain, defaultDomainLimits } from "../domain.ts";
import { createLog, defaultLogLimits } from "../log/log.ts";
import { addMembers } from "./add-members.ts";
import { createRoom } from "./create.ts";
import { findOrCreateDirect } from "./find-or-create-direct.ts";
import { leaveRoom } from "./leave.ts";
import { openKind, type RoomKind } from "./room-kind.ts";

const caller = (name: string) => ({ caller: name, method: { name }, signal: new AbortController().signal });
const actor = create(ActorSchema, { kind: { case: "system", value: {} } });
const user = (userId: string) => create(ActorSchema, { kind: { case: "userId", value: userId } });
const newMembers = (count: number) => Array.from({ length: count }, (_, index) => ({ userId: `user ${index}` }));

let declared: Map<string, RoomKind>;
let domain: Domain;
beforeEach(() => {
  declared = new Map([
    ["group", { ...openKind, maxMembers: 3 }],
    ["direct", { ...openKind, maxMembers: 2 }],
    ["support", { ...openKind, creators: new Set(["desk"]) }],
  ]);
  const store = createMemoryStore();
  let keys = 0;
  const log = createLog({
    store,
    clock: { nowMs: Date.now },
    random: () => 0,
    sleep: async () => undefined,
    newKey: () => `made-${++keys}`,
    limits: defaultLogLimits,
  });
  domain = {
    store,
    log,
    limits: defaultDomainLimits,
    cards: noCardTypes,
    kinds: { find: (kind) => declared.get(kind) },
  };
});

const make = (kind: string, count = 1, idempotencyKey = "", by = "shop") =>
  createRoom(
    domain,
    caller(by),
    create(CreateRoomRequestSchema, { actor, kind, members: newMembers(count), idempotencyKey }),
  );
const meet = (kind: string, userIds: readonly string[], by = "shop", asked = actor) =>
  findOrCreateDirect(
    domain,
    caller(by),
    create(FindOrCreateDirectRequestSchema, { actor: asked, kind, userIds: [...userIds] }),
  );
const add = (roomId: string, count: number) =>
  addMembers(domain, caller("shop"), create(AddMembersRequestSchema, { roomId, actor, members: newMembers(count) }));

const kindNotAllowed = (kind: string) => ({ reason: ErrorReason.ROOM_KIND_NOT_ALLOWED, metadata: { kind } });

it("rooms of a kind that is not declared, or by a service that may not create it, are not made by either call", async () => {
  for (const kind of ["party", "support"]) {
    await expect(make(kind)).rejects.toMatchObject(kindNotAllowed(kind));
    await expect(meet(kind, ["ann", "bob"])).rejects.toMatchObject(kindNotAllowed(kind));
  }
  expect((await make("support", 1, "", "desk")).room.kind).toBe("support");
  expect((await meet("support", ["ann", "bob"], "desk")).created).toBe(true);
});

it("a creation that is repeated has its first answer, also when the kind has been forbidden since", async () => {
  const made = await make("group", 3, "key");
  const met = await meet("direct", ["ann", "bob"]);
  declared.clear();
  expect(await make("group", 3, "key")).toEqual(made);
  expect(await meet("direct", ["ann", "bob"])).toEqual({ ...met, created: false });
  await expect(make("group", 2, "key")).rejects.toMatchObject({ reason: ErrorReason.IDEMPOTENCY_KEY_REUSED });
  await expect(make("group", 3, "other key")).rejects.toMatchObject(kindNotAllowed("group"));
  await expect(meet("direct", ["ann", "cat"])).rejects.toMatchObject(kindNotAllowed("direct"));
});

it("a room has as many members as its kind allows, when it is made and afterwards", async () => {
  const tooMany = (roomId: unknown, limit: number) => ({
    reason: ErrorReason.TOO_MANY_MEMBERS,
    metadata: { room_id: roomId, limit: String(limit) },
  });
  await expect(make("group", 4)).rejects.toMatchObject(tooMany(expect.any(String), 3));
  await expect(meet("direct", ["ann", "bob", "cat"])).rejects.toMatchObject(tooMany(expect.any(String), 2));
  const { room } = await make("group", 2);
  await expect(add(room.roomId, 4)).rejects.toMatchObject(tooMany(room.roomId, 3));
  expect((await add(room.roomId, 3)).entry?.seq).toBe(2);
  // Who is a member already takes no place.
  expect((await add(room.roomId, 3)).entry).toBeUndefined();
  await expect(add(room.roomId, 4)).rejects.toMatchObject(tooMany(room.roomId, 3));
  const leaving = { roomId: room.roomId, actor: user("user 0") };
  await leaveRoom(domain, caller("shop"), create(LeaveRoomRequestSchema, leaving));
  expect((await add(room.roomId, 3)).entry?.seq).toBe(4);
});

it("who comes back to a direct room takes a place as everybody else does", async () => {
  const { room } = await meet("direct", ["ann", "bob"]);
  const leaving = { roomId: room.roomId, actor: user("ann") };
  await leaveRoom(domain, caller("shop"), create(LeaveRoomRequestSchema, leaving));
  declared.set("direct", { ...openKind, maxMembers: 1 });
  const back = meet("direct", ["ann", "bob"], "shop", user("ann"));
  await expect(back).rejects.toMatchObject({ reason: ErrorReason.TOO_MANY_MEMBERS });
  declared.delete("direct");
  expect((await meet("direct", ["ann", "bob"], "shop", user("ann"))).room.memberCount).toBe(2);
});
