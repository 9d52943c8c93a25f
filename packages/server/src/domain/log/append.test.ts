import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  ActorSchema,
  AddMembersRequestSchema,
  CreateRoomRequestSchema,
  ErrorReason,
  MemberRole,
  RemoveMembersRequestSchema,
  SendMessageRequestSchema,
} from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { noCardTypes } from "../../../test/cards/no-card-types.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { purge } from "../admin/purge.ts";
import { type Domain, defaultDomainLimits } from "../domain.ts";
import { sendMessage } from "../messages/send.ts";
import { addMembers } from "../rooms/add-members.ts";
import { createRoom } from "../rooms/create.ts";
import { removeMembers } from "../rooms/remove-members.ts";
import { anyKind } from "../rooms/room-kind.ts";
import type { Store } from "../store.ts";
import { createLog, defaultLogLimits, type LogLimits } from "./log.ts";

const call = { caller: "tests", method: { name: "tests" }, signal: new AbortController().signal };
const service = create(ActorSchema, { kind: { case: "service", value: { name: "" } } });
const hourMs = 60 * 60_000;

let nowMs: number;
let store: Store;
let keys: number;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 23);
  store = createMemoryStore();
  keys = 0;
});

const startServer = (on: Store = store, limits: Partial<LogLimits> = {}): Domain => ({
  store: on,
  limits: { ...defaultDomainLimits, maxTextBytes: 1_000 },
  kinds: anyKind,
  cards: noCardTypes,
  log: createLog({
    store: on,
    clock: { nowMs: () => nowMs },
    random: () => 0,
    sleep: async () => undefined,
    newKey: () => `made-${++keys}`,
    limits: { ...defaultLogLimits, ...limits },
  }),
});

const send = (server: Domain, roomId: string, idempotencyKey = "", text = "hi", actor: Actor = service) =>
  sendMessage(
    server,
    call,
    create(SendMessageRequestSchema, {
      roomId,
      actor,
      idempotencyKey,
      content: { kind: { case: "text", value: { text } } },
    }),
  );
const add = (server: Domain, roomId: string, ...userIds: string[]) => {
  const members = userIds.map((userId) => ({ userId, role: MemberRole.MEMBER }));
  return addMembers(server, call, create(AddMembersRequestSchema, { roomId, actor: service, members }));
};
const remove = (server: Domain, roomId: string, ...userIds: string[]) =>
  removeMembers(server, call, create(RemoveMembersRequestSchema, { roomId, actor: service, userIds }));
const makeRoom = async (server: Domain) =>
  (await createRoom(server, call, create(CreateRoomRequestSchema, { kind: "group", actor: service }))).room.roomId;
const keyBornAt = (atMs: number) =>
  `${atMs
    .toString(16)
    .padStart(12, "0")
    .replace(/^(.{8})/, "$1-")}-7000-8000-000000000000`;
const purgeAll = (server: Domain, roomId: string) => purge({ store, clock: server.log.clock }, roomId, 1_000);

it("a key that does not say its age is taken in a room whose front retention removed", async () => {
  const server = startServer();
  const roomId = await makeRoom(server);
  for (let count = 0; count < 3; count++) await send(server, roomId);
  nowMs += 30 * hourMs;
  await send(server, roomId);
  await purgeAll(server, roomId);
  expect((await send(startServer(), roomId, "order-17")).seq).toBe(6);
  expect((await send(startServer(), roomId, "order-17")).seq).toBe(6);
});

it("a key is called too old only after a look at what other servers wrote meanwhile", async () => {
  const [knowing, other] = [startServer(), startServer()];
  const roomId = await makeRoom(knowing);
  for (let count = 0; count < 3; count++) await send(knowing, roomId);
  const oldKey = keyBornAt(nowMs + hourMs);
  nowMs += 30 * hourMs;
  await send(knowing, roomId);
  await purgeAll(knowing, roomId);
  await send(other, roomId);
  // It knows the log from its first entry, and so can tell that the key was never used.
  const first = await send(knowing, roomId, oldKey);
  expect(await send(other, roomId, oldKey)).toEqual(first);
  await expect(send(startServer(), roomId, keyBornAt(nowMs - 28 * hourMs))).rejects.toMatchObject({
    reason: ErrorReason.IDEMPOTENCY_KEY_TOO_OLD,
  });
});

it("members that were read at different moments are not taken for one moment when there is nothing to write", async () => {
  const writer = startServer();
  const roomId = await makeRoom(writer);
  await add(writer, roomId, "bob");
  const readMembers: Store["readMembers"] = async (id, userIds) => {
    // As BatchGetItem may: ann is read, then others come and go, then bob is read.
    const ann = await store.readMembers(id, ["ann"]);
    await add(writer, roomId, "ann");
    await remove(writer, roomId, "bob");
    return new Map([
      ...ann,
      ...(await store.readMembers(
        id,
        userIds.filter((userId) => userId !== "ann"),
      )),
    ]);
  };
  const { entry } = await remove(startServer({ ...store, readMembers }), roomId, "ann", "bob");
  expect(entry?.body).toMatchObject({ case: "membersRemoved", value: { userIds: ["ann"] } });
});

it("tells why it refuses also where the cache keeps no view of the room", async () => {
  const server = startServer(store, { cacheBytes: 1 });
  const roomId = await makeRoom(server);
  const stranger = create(ActorSchema, { kind: { case: "userId", value: "nobody" } });
  await expect(send(server, roomId, "", "hi", stranger)).rejects.toMatchObject({ reason: ErrorReason.NOT_A_MEMBER });
  expect((await add(server, roomId, "ann")).entry?.seq).toBe(2);
  expect((await add(server, roomId, "ann")).entry).toBeUndefined();
});
