import { create, toBinary } from "@bufbuild/protobuf";
import type { Broker, ConsumedRecord, RoomProducer } from "@maru/kafka";
import { type DeadLetter, DeadLetterSchema, DeadLetterState } from "@maru/protocol";
import { expect, test } from "vitest";
import { type LetterChange, openLetters } from "./letters.ts";
import type { ConsumerWarning } from "./warning.ts";

const { PARKED, REDRIVE_REQUESTED } = DeadLetterState;

function letter(seq: number, state = PARKED, topic = "t"): DeadLetter {
  return create(DeadLetterSchema, { group: "g", roomId: "r", seq, state, topic, partition: 0 });
}

function record(offset: bigint, value: DeadLetter | null, headers: Record<string, string> = {}): ConsumedRecord {
  const bytes = value === null ? null : toBinary(DeadLetterSchema, value);
  const key = new TextEncoder().encode("r");
  return { topic: "g.parked", partition: 0, offset, key, value: bytes, headers, timestampMs: 0 };
}

/** Letters over a topic whose records come when the test says so, and whose writes are stored when it says so. */
async function startLetters(highOffset = 0n) {
  let feed: (records: ConsumedRecord[]) => void = () => {};
  const stored: ((offset: bigint) => void)[] = [];
  const changes: LetterChange[] = [];
  const warnings: ConsumerWarning[] = [];
  const broker: Pick<Broker, "topicOffsets" | "followPartitions"> = {
    topicOffsets: async () => [{ partition: 0, lowOffset: 0n, highOffset }],
    async followPartitions({ signal }, onRecords) {
      feed = (records) => void onRecords(records);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  const producer: Pick<RoomProducer, "send" | "close"> = {
    send: () => new Promise((resolve) => stored.push((offset) => resolve({ partition: 0, offset: String(offset) }))),
    close: async () => {},
  };
  const letters = await openLetters({
    ...{ group: "g", source: "t", boxes: ["parked"], warn: (warning) => void warnings.push(warning) },
    broker: broker as Broker,
    producer: producer as RoomProducer,
  });
  const watching = new AbortController();
  letters.watch(0, (change) => void changes.push(change), watching.signal);
  return { letters, feed: (...records: ConsumedRecord[]) => feed(records), stored, changes, warnings, watching };
}

const never = new AbortController().signal;

test("what the topics hold is known before anything begins", async () => {
  const { letters, feed } = await startLetters(2n);
  let isThere = false;
  const catching = letters.caughtUp([0], never).then(() => {
    isThere = true;
  });
  feed(record(0n, letter(3)));
  await new Promise(setImmediate);
  expect(isThere).toBe(false);
  feed(record(1n, letter(5)));
  await catching;
  expect(letters.parked(0, "r")?.seq).toBe(5);
  await letters.caughtUp([7], never); // another partition holds nothing
});

test("waiting for the topics ends when the partition is lost", async () => {
  const { letters } = await startLetters(2n);
  const lost = new AbortController();
  const catching = letters.caughtUp([0], lost.signal);
  lost.abort();
  await catching;
});

test("what others write is told, with what stood before; own writes are not, whenever they come back", async () => {
  const { letters, feed, stored, changes } = await startLetters();
  feed(record(0n, letter(3)));
  expect(changes).toMatchObject([{ before: undefined, now: { seq: 3 } }]);
  const writing = letters.write("parked", letter(4));
  feed(record(1n, letter(4))); // before the brokers have answered
  stored[0]?.(1n);
  await writing;
  const erasing = letters.erase("parked", letter(4), 9);
  stored[1]?.(2n);
  await erasing;
  expect(letters.parked(0, "r")).toBeUndefined();
  feed(record(2n, null, { "handled-seq": "9" }));
  expect(changes).toHaveLength(1);
  feed(record(3n, letter(10)), record(4n, null, { "handled-seq": "12" }));
  expect(changes.slice(1)).toMatchObject([
    { before: undefined, now: { seq: 10 } },
    { before: { seq: 10 }, now: undefined, handledSeq: 12 },
  ]);
});

test("of an own write and another's, the later one in the topic stands", async () => {
  for (const [own, others, stands] of [
    [1n, 2n, 7],
    [2n, 1n, 4],
  ] as const) {
    const { letters, feed, stored, changes } = await startLetters();
    const writing = letters.write("parked", letter(4));
    feed(record(others, letter(7, REDRIVE_REQUESTED)));
    expect(letters.parked(0, "r")).toBeUndefined();
    stored[0]?.(own);
    await writing;
    await new Promise(setImmediate);
    expect(letters.parked(0, "r")?.seq).toBe(stands);
    expect(changes.map(({ now }) => now?.seq)).toEqual(stands === 7 ? [7] : []);
    expect(letters.asked(0).map(({ letter: asked }) => asked.seq)).toEqual(stands === 7 ? [7] : []);
  }
});

test("letters of another topic of events are not this consumer's, and what is no letter is passed over with a warning", async () => {
  const { letters, feed, warnings } = await startLetters();
  feed(record(0n, letter(3, PARKED, "other")));
  expect(letters.parked(0, "r")).toBeUndefined();
  feed({ ...record(1n, null), value: new Uint8Array([0xff]) });
  expect(warnings).toMatchObject([{ code: "letterUnreadable" }]);
  feed(record(2n, letter(3)));
  expect(letters.parked(0, "r")?.seq).toBe(3);
});

test("a partition that is somebody else's by now hears nothing", async () => {
  const { feed, changes, watching } = await startLetters();
  watching.abort();
  feed(record(0n, letter(3)));
  expect(changes).toEqual([]);
});
