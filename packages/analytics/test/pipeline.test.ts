import { service, text, user } from "@maru/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LakeWorld, startLakeWorld } from "./lake-world.ts";

let world: LakeWorld;
beforeAll(async () => {
  world = await startLakeWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function createRoom(title: string): Promise<string> {
  const members = [{ userId: "ada" }, { userId: "grace" }];
  const { room } = await world.maru.rooms.create({ actor: service(), kind: "group", title, members });
  return room?.roomId ?? "";
}

const ofRoom = async (roomId: string) => (await world.rows()).filter((row) => row.room_id === roomId);

test("what happens in a room arrives as rows: messages, edits, deletions, members, read positions", async () => {
  const { maru } = world;
  await using pipeline = await world.startPipeline();
  const roomId = await createRoom("Lunch");
  const { entry } = await maru.messages.send({ roomId, actor: user("ada"), content: text("soup?") });
  const seq = entry?.seq ?? 0;
  await maru.messages.edit({ roomId, seq, actor: user("ada"), content: text("soup, or rice?") });
  await maru.reads.markRead({ roomId, actor: user("grace"), seq });
  await maru.messages.delete({ roomId, seq, actor: user("ada") });
  await pipeline.settle();
  const rows = await ofRoom(roomId);
  const told = rows.map((row) => `${row.item_kind} ${row.operation} ${row.type ?? row.sk}`);
  expect(told).toEqual(
    expect.arrayContaining([
      "entry INSERT room_created",
      "meta INSERT meta",
      "member INSERT member#ada",
      "entry INSERT message_sent",
      "entry INSERT message_edited",
      "entry MODIFY message_sent",
      "member MODIFY member#grace",
      "entry INSERT message_deleted",
    ]),
  );
  const versions = rows.filter((row) => row.type === "message_sent").map((row) => JSON.stringify(row.body));
  expect(versions.map((body) => /"text":\{"text":"([^"]*)"/.exec(body)?.[1])).toEqual([
    "soup?",
    "soup, or rice?",
    undefined,
  ]);
  expect(rows.every((row) => !("idempotency_key" in row))).toBe(true);
});

test("a pipeline that refuses rows, and one that starts anew, lose nothing", async () => {
  const { maru } = world;
  const roomId = await createRoom("Storm");
  let calls = 0;
  const refuse = () => (++calls % 3 === 0 ? "ServiceUnavailableException" : undefined);
  {
    await using _first = await world.startPipeline({ refuse });
    for (let n = 0; n < 30; n++) await maru.messages.send({ roomId, actor: user("ada"), content: text(`first ${n}`) });
  }
  for (let n = 0; n < 30; n++) await maru.messages.send({ roomId, actor: user("ada"), content: text(`between ${n}`) });
  await using pipeline = await world.startPipeline({ refuse });
  await pipeline.settle();
  const seqs = new Set((await ofRoom(roomId)).filter(({ type }) => type === "message_sent").map(({ seq }) => seq));
  expect(seqs.size).toBe(60);
});
