import { connectMaru, type Maru, text, user } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { type Stack, scratchName } from "@maru/devstack";
import { type Fleet, openFleet } from "@maru/devstack/servers";
import { ErrorReason } from "@maru/protocol";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { RoomChoice } from "../src/authority/choose-rooms.ts";
import { cutBack, cutOver } from "../src/authority/move-rooms.ts";
import { runCopy } from "../src/copy/run-copy.ts";
import { runFollow } from "../src/follow/run-follow.ts";
import { startReverse } from "../src/reverse/start-reverse.ts";
import { runShadow } from "../src/shadow/run-shadow.ts";
import { createWorld, loadRooms, type MigrateWorld, startEngines, verifyWorld } from "./migrate-world.ts";

let stack: Stack;
let fleet: Fleet;
let world: MigrateWorld;
let maru: Maru;
let address: string;
const topic = scratchName("room-events");
const brokers = () => inject("stack").kafka.brokers;
const endings: (() => PromiseLike<unknown>)[] = [];

beforeAll(async () => {
  stack = await startEngines();
  world = await createWorld(stack, loadRooms(4), async ({ table, controlTable }) => {
    fleet = await openFleet({
      dynamodbEndpoint: stack.dynamodb?.endpoint ?? "",
      brokers: brokers(),
      env: {
        MARU_TABLE: table,
        MARU_CONTROL_TABLE: controlTable,
        MARU_KAFKA_TOPIC: topic,
        MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("read-markers"),
        MARU_KAFKA_PARTITIONS: "2",
      },
    });
    await fleet.setUp();
  });
  address = (await fleet.startServer({ name: "maru", env: { MARU_ROLES: "api,relay" } })).grpcAddress;
  maru = connectMaru({ address, token: await fleet.token("chat") });
});
afterAll(async () => {
  for (const end of endings.toReversed()) await end();
  await maru?.[Symbol.asyncDispose]();
  await fleet?.close();
  await world?.[Symbol.asyncDispose]();
  await stack?.close();
});

const never = new AbortController().signal;

function move(act: typeof cutOver, choice: RoomChoice): Promise<number> {
  const { source, mapping, target } = world;
  const patience = { batchRooms: 10, patienceMs: 30_000 };
  return act({ source, mapping, target, choice, ...patience, signal: never, onProgress: () => undefined });
}

const writeThere = (roomId: number, body: string) =>
  world.sql.query(
    "insert into messages (room_id, sender_id, body, created_at, updated_at) select $1, user_id, $2, now(), now() from participants where room_id = $1 and deleted_at is null order by id limit 1",
    [roomId, body],
  );

test("rooms go over, people chat on both sides, rooms go back, and all go over: nothing differs and nothing is lost", {
  timeout: 240_000,
}, async () => {
  const { source, mapping, target, migration, folder, sql } = world;
  await runCopy(world.copyOptions());
  const following = new AbortController();
  const follow = runFollow({
    ...{ source, mapping, target, migration, folder, parallel: 8, untilCaughtUp: false, signal: following.signal },
    onProgress: () => undefined,
  });
  follow.catch(() => undefined);
  endings.push(async () => {
    following.abort();
    await follow;
  });
  const reverse = await startReverse({
    ...{ source, mapping, target, migration, folder, address, brokers: brokers(), topic },
    token: await fleet.token("maru-migrate"),
    onEvent: () => undefined,
  });
  endings.push(() => reverse[Symbol.asyncDispose]());
  const seen: { roomId: string; seq: number; kind: string }[] = [];
  const gaps: unknown[] = [];
  const consumer = await subscribe(
    maru,
    { brokers: brokers(), group: scratchName("looker"), topic },
    { any: ({ roomId, seq, kind }) => void seen.push({ roomId, seq, kind }), gap: (gap) => void gaps.push(gap) },
  );
  endings.push(() => consumer[Symbol.asyncDispose]());

  const { rows } = await sql.query<{ user_id: string }>(
    "select user_id from participants where room_id = 1 and deleted_at is null order by id limit 2",
  );
  const [ann = "", ben = ""] = rows.map(({ user_id }) => String(user_id));
  const [roomId, actor] = ["1", user(ann)];
  const elsewhere = { reason: ErrorReason.ROOM_NOT_SERVED_HERE };
  await expect(maru.messages.send({ roomId, actor, content: text("too early") })).rejects.toMatchObject(elsewhere);
  await expect(maru.reads.markRead({ roomId, actor, seq: 5 })).rejects.toMatchObject(elsewhere);

  expect(await move(cutOver, { kind: "rooms", ids: ["1", "2"] })).toBe(2);
  await expect(writeThere(1, "too late")).rejects.toMatchObject({ code: "MR001" });
  await writeThere(3, "still here");
  const first = await maru.messages.send({ roomId, actor, content: text("hello from Maru") });
  const seq = first.entry?.seq ?? 0;
  await maru.messages.send({ roomId, actor: user(ben), content: text("an answer"), replyToSeq: seq });
  await maru.messages.edit({ roomId, actor, seq, content: text("hello from Maru, edited") });
  const second = await maru.messages.send({ roomId, actor, content: text("to be deleted") });
  await maru.messages.delete({ roomId, actor, seq: second.entry?.seq ?? 0 });
  await maru.rooms.addMembers({ roomId, actor, members: [{ userId: "424242" }] });
  await maru.rooms.leave({ roomId, actor: user(ben) });
  await maru.reads.markRead({ roomId, actor, seq });

  expect(await move(cutBack, { kind: "rooms", ids: ["1", "2"] })).toBe(2);
  await expect(maru.messages.send({ roomId, actor, content: text("too late") })).rejects.toMatchObject(elsewhere);
  await writeThere(1, "back at home");
  await sql.query(
    "update messages set body = body || ' and edited at home', edited_at = now() where body = 'an answer'",
  );
  await expect.poll(async () => (await verifyWorld(world)).differences, { timeout: 30_000 }).toEqual([]);
  const { rows: written } = await sql.query("select body from messages where room_id = 1 and body like '%Maru%'");
  expect(written).toEqual([{ body: "hello from Maru, edited" }]);

  expect(await move(cutOver, { kind: "all" })).toBe(4);
  await expect(writeThere(4, "too late")).rejects.toMatchObject({ code: "MR001" });
  expect((await verifyWorld(world)).differences).toEqual([]);

  const shadow = await runShadow({
    ...{ source, mapping, address, token: await fleet.token("maru-migrate"), reads: 40, signal: never },
    onProgress: () => undefined,
  });
  expect(shadow.examples.filter(({ read }) => read.startsWith("page"))).toEqual([]);
  expect(shadow).toMatchObject({ reads: { page: 20, unread: 20 }, differences: { page: 0 } });

  // Consumers: nothing of the history, no hole, and one event that says where news begins.
  await expect.poll(() => seen.filter(({ kind }) => kind === "roomImported").length, { timeout: 30_000 }).toBe(6);
  expect(gaps).toEqual([]);
  for (const id of ["1", "2", "3", "4"]) expect(seen.find((event) => event.roomId === id)?.kind).toBe("roomImported");
  expect(seen.length).toBeLessThan(30);
});
