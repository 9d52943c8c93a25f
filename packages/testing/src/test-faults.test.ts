import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { failHandler } from "./fail-handler.ts";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

let maru: TestMaru;
let client: Maru;
let roomId: string;

beforeAll(async () => {
  maru = await startTestMaru();
  client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("orders") });
});
beforeEach(async () => {
  const { room } = await client.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ada" }] });
  roomId = room?.roomId ?? "";
});
afterAll(async () => {
  await client.close();
  await maru.close();
});

async function send(count = 1): Promise<void> {
  for (let left = count; left > 0; left--) {
    await client.messages.send({ roomId, actor: user("ada"), content: text("hi") });
  }
}

/** The numbers in the topic, in its order. */
function seqs(): number[] {
  const records = maru.topic.records().filter(({ key }) => Buffer.from(key).toString() === roomId);
  return records.map(({ headers }) => Number(headers.seq));
}

describe("On the way to the topic", () => {
  test("a hole takes as many events as it is told.", async () => {
    using hole = maru.faults.hole({ roomId, type: "message_sent" }, 2);
    await send(3);
    expect(seqs()).toEqual([1, 4]);
    expect(hole.count).toBe(2);
  });

  test("disorder lets an event come after the next of its room, or at the end of the fault.", async () => {
    const disorder = maru.faults.disorder({ roomId }, 2);
    await send(3);
    expect(seqs()).toEqual([1, 3, 2]);
    disorder.end();
    expect(seqs()).toEqual([1, 3, 2, 4]);
    await send();
    expect(seqs().at(-1)).toBe(5);
  });

  test("delayed events come in order when the fault ends, and hold back those behind them in the room alone.", async () => {
    const delay = maru.faults.delay({ roomId, seq: 2 });
    await send(2);
    const other = await client.rooms.create({ actor: service(), kind: "group" });
    expect(seqs()).toEqual([1]);
    expect(maru.topic.records().some(({ key }) => Buffer.from(key).toString() === other.room?.roomId)).toBe(true);
    delay.end();
    delay.end();
    expect(seqs()).toEqual([1, 2, 3]);
  });

  test("nothing comes while the relay is down, and then all of it.", async () => {
    const count = maru.topic.records().length;
    {
      using down = maru.faults.relayDown();
      await send(2);
      expect(maru.topic.records()).toHaveLength(count);
      expect(down.count).toBe(2);
    }
    expect(seqs()).toEqual([1, 2, 3]);
  });

  test("what is there comes again.", async () => {
    await send(2);
    expect(maru.faults.repeat({ roomId })).toBe(3);
    expect(maru.faults.repeat({ roomId, seq: 3 })).toBe(2);
    expect(seqs()).toEqual([1, 2, 3, 1, 2, 3, 3, 3]);
  });
});

test("While the server is unavailable, calls say so.", async () => {
  {
    using _ = maru.faults.serverUnavailable();
    const reading = client.events.listEntries({ roomId }, { timeoutMs: 300 });
    await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|DEADLINE_EXCEEDED/) });
  }
  const { entries } = await client.events.listEntries({ roomId });
  expect(entries.map(({ seq }) => seq)).toEqual([1]);
});

describe("A consumer", () => {
  async function consume(group: string, handled: string[], handler = (_seq: number): unknown => undefined) {
    return subscribe(
      client,
      { brokers: maru.broker, group, commitIntervalMs: 0, retry: { firstBackoffMs: 1 } },
      {
        messageSent: failHandler(
          async (event) => {
            if (event.roomId !== roomId) return;
            await handler(event.seq);
            handled.push(`${event.seq}`);
          },
          { times: 2, when: (event) => event.roomId === roomId && event.seq === 2 },
        ),
      },
    );
  }

  test("gets over a handler that fails, and over repeats.", async () => {
    const handled: string[] = [];
    await using _ = await consume("over", handled);
    await send(2);
    maru.faults.repeat({ roomId });
    await send();
    await expect.poll(() => handled).toEqual(["2", "3", "4"]);
  });

  test("is handed again what it had not committed when its group is shared out anew.", async () => {
    const handled: string[] = [];
    const held = Promise.withResolvers<void>();
    await using _ = await consume("shared", handled, (seq) => seq === 3 && held.promise);
    await send(2);
    await expect.poll(() => handled).toEqual(["2"]);
    await maru.faults.rebalance("shared");
    held.resolve();
    await expect.poll(() => handled).toEqual(["2", "3", "3"]);
  });

  test("that was expelled handles on beside the others, and its commits are refused.", async () => {
    const committed = async () => {
      const record = maru.topic.records().findLast(({ headers }) => headers.seq === "2");
      const offsets = await maru.broker.committedOffsets("expelled", maru.topic.name);
      return offsets.get(record?.partition ?? -1) === (record?.offset ?? 0n) + 1n;
    };
    const first: string[] = [];
    const second: string[] = [];
    const held = Promise.withResolvers<void>();
    await using one = await consume("expelled", first);
    await send();
    await expect.poll(committed).toBe(true);
    const expelled = maru.faults.expel("expelled");
    await using other = await consume("expelled", second, (seq) => seq === 3 && held.promise);
    expect(other.partitions).toHaveLength(12);
    await send();
    await expect.poll(() => first).toEqual(["2", "3"]);
    expect(await committed()).toBe(true);
    held.resolve();
    await expect.poll(() => second).toEqual(["3"]);
    expelled.end();
    await expect.poll(() => one.partitions.length).toBe(6);
  });

  test("begins anew when its group has forgotten its offsets, and stops when they are lost.", async () => {
    const handled: string[] = [];
    const first = await consume("forgetful", handled);
    await send(2);
    await expect.poll(() => handled).toEqual(["2", "3"]);
    await first.close();
    maru.faults.forgetOffsets("forgetful");
    const second = await consume("forgetful", handled);
    await expect.poll(() => handled).toEqual(["2", "3", "2", "3"]);
    await second.close();
    await send();
    maru.faults.dropRecords();
    const third = await consume("forgetful", handled);
    await expect(third.done).rejects.toMatchObject({ name: "OffsetLostError" });
  });
});
