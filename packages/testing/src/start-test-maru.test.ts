import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { expect, test } from "vitest";
import { startTestMaru } from "./start-test-maru.ts";

async function createRoom(client: Maru): Promise<string> {
  const { room } = await client.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ada" }] });
  return room?.roomId ?? "";
}

test("A consumer is handed what is sent, goes on where its group was, and shares the rooms with others.", async () => {
  await using maru = await startTestMaru();
  await using client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("orders") });
  const rooms = await Promise.all(Array.from({ length: 6 }, () => createRoom(client)));
  const sendAll = (one: string) =>
    Promise.all(rooms.map((roomId) => client.messages.send({ roomId, actor: user("ada"), content: text(one) })));
  const heard: string[] = [];
  const consume = (who: string) =>
    subscribe(
      client,
      { brokers: maru.broker, group: "push", commitIntervalMs: 0 },
      {
        messageSent: ({ roomId, seq }) => void heard.push(`${who} ${rooms.indexOf(roomId)}/${seq}`),
      },
    );

  const first = await consume("first");
  await sendAll("one");
  await expect.poll(() => heard.length).toBe(6);
  const second = await consume("second");
  await sendAll("two");
  await expect.poll(() => heard.length).toBe(12);
  await first.close();
  await sendAll("three");
  await expect.poll(() => heard.length).toBe(18);
  await second.close();

  const of = (seq: number) => heard.filter((one) => one.endsWith(`/${seq}`)).toSorted();
  expect(of(2)).toEqual(rooms.map((_, room) => `first ${room}/2`));
  expect(new Set(of(3).map((one) => one.split(" ")[0]))).toEqual(new Set(["first", "second"]));
  expect(of(4)).toEqual(rooms.map((_, room) => `second ${room}/4`));
});

test("What a fault has taken out of the topic is written into it again by RunReconcile, and WhereIs finds it.", async () => {
  await using maru = await startTestMaru();
  await using client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("orders") });
  const roomId = await createRoom(client);
  const say = () => client.messages.send({ roomId, actor: user("ada"), content: text("hi") });
  using hole = maru.faults.hole({ roomId, type: "message_sent" }, 1);
  for (let n = 0; n < 2; n++) await say();
  expect(hole.count).toBe(1);
  expect((await client.admin.whereIs({ roomId, seq: 2 })).occurrences).toEqual([]);
  const { job } = await client.admin.runReconcile({ onlyRoomIds: [roomId] });
  const reconciliation = async () => (await client.admin.getJob({ jobId: job?.jobId ?? "" })).job?.reconciliation;
  await expect.poll(reconciliation, { timeout: 5_000 }).toMatchObject({ missingCount: 1n, refilledCount: 1n });
  expect(await client.admin.whereIs({ roomId, seq: 2 })).toMatchObject({ occurrences: [{ healed: true }], lastSeq: 3 });
});
