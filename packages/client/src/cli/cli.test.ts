import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConsumedRecord } from "@maru/kafka";
import { EntryPresence, RoomEventSchema, WhereIsResponseSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { decodeEvent } from "../events/decode.ts";
import type { ReplayStep } from "../events/replay-steps.ts";
import { toColumns, toOneLine, toSeconds } from "./columns.ts";
import { findCommand, UsageError } from "./commands.ts";
import { delaysOf } from "./event-delays.ts";
import { toEventJson, toEventLine } from "./event-line.ts";
import { kafkaFlags, kafkaOf, readFlags, serverOf, timeOf, wholeOf } from "./flags.ts";
import { toWhereText } from "./where-is.ts";

const atMs = Date.UTC(2026, 0, 31, 12);

function recordOf(text: string): ConsumedRecord {
  const body = { case: "messageSent", value: { content: { kind: { case: "text", value: { text } } } } } as const;
  const actor = { kind: { case: "userId", value: "ada" } } as const;
  const value = create(RoomEventSchema, {
    entry: { roomId: "r", seq: 7, type: "message_sent", actor, body },
    committedAt: timestampFromMs(atMs),
    streamedAt: timestampFromMs(atMs + 400),
    relayedAt: timestampFromMs(atMs + 420),
  });
  const place = { topic: "t", partition: 2, offset: 9n, timestampMs: atMs + 423, headers: {} };
  return { ...place, key: Buffer.from("r"), value: toBinary(RoomEventSchema, value) };
}

function stepOf(record: ConsumedRecord): ReplayStep {
  const what = decodeEvent(record);
  if (what.kind === "unreadable") throw new Error("it holds an entry");
  return { what, record, done() {} };
}

test("an event is a line with seq, content and the delays of its way", () => {
  const record = recordOf("hi\n\u001b[2Jthere");
  const step = stepOf(record);
  const here = new Date(atMs + 1423);
  expect(toEventLine(step, here)).toBe(
    '12:00:01.423  r  7  message_sent  ada  "hi [2Jthere"  [commit → stream 0.4 s → relay 0.020 s → Kafka 0.003 s → here 1.0 s]\n',
  );
  expect(toEventJson(step, here)).toMatchObject({
    roomId: "r",
    seq: 7,
    at: { committed: new Date(atMs), kafka: new Date(atMs + 423), here },
    partition: 2,
    offset: 9n,
    entry: { messageSent: { content: { text: { text: expect.any(String) } } } },
  });
});

test("what came from the table, and what cannot be had, is said", () => {
  const record = recordOf("hi");
  const here = new Date(atMs);
  const fromTable = { ...stepOf(record), record: undefined };
  expect(toEventLine(fromTable, here)).toContain("[from the table]");
  const gap = { kind: "gap", roomId: "r", firstMissingSeq: 2, lastMissingSeq: 4, reason: "purged" } as const;
  const line = toEventLine({ what: gap, record: undefined, done() {} }, here);
  expect(line).toBe("12:00:00.000  r  2 to 4 cannot be had: purged\n");
});

test("the stream's coarse clock makes no stage look slow", () => {
  const coarse = new Date(atMs - 43_000);
  const stamps = { committed: new Date(atMs), streamed: coarse, relayed: new Date(atMs + 100), kafka: undefined };
  expect(delaysOf({ ...stamps, here: new Date(atMs + 150) })).toBe(
    "commit → stream 0.000 s → relay 0.1 s → here 0.050 s",
  );
});

test("where an entry is, and where it is not, is said", () => {
  const stored = create(WhereIsResponseSchema, {
    presence: EntryPresence.STORED,
    type: "message_sent",
    caller: "orders",
    committedAt: timestampFromMs(atMs),
    lastSeq: 9,
    topic: "t",
    partition: 2,
    occurrences: [
      { offset: 9n, relayedAt: timestampFromMs(atMs + 500), storedAt: timestampFromMs(atMs + 510) },
      { offset: 12n },
    ],
    groups: [{ group: "push", passed: true, lag: 3n }],
  });
  expect(toWhereText("r", 7, stored)).toBe(`r/7  message_sent
  table   stored at 2026-01-31T12:00:00.000Z by orders; the room's newest is 9
  topic   t/2, offset 9
  way     commit → relay 0.5 s → Kafka 0.010 s
  again   at offsets 12

group  this entry  left
push   passed         3
`);
  const ahead = { presence: EntryPresence.NOT_WRITTEN, lastSeq: 3 };
  expect(toWhereText("r", 7, create(WhereIsResponseSchema, ahead))).toBe(
    "r/7\n  table   not written: the room's newest is 3\n",
  );
  const lost = { presence: EntryPresence.MISSING, topic: "t", searchedFromOffset: 4n, searchedUntilOffset: 8n };
  expect(toWhereText("r", 7, create(WhereIsResponseSchema, lost))).toBe(
    "r/7\n  table   MISSING: the log has a hole here; verify the room\n  topic   t/0 does not have it, in offsets 4 to 8\n",
  );
});

test("columns are as wide as they must be, and numbers stand right", () => {
  expect(
    toColumns(
      ["room", "left"],
      [
        ["r1", "7"],
        ["room-22", "1234"],
      ],
    ),
  ).toBe("room     left\nr1          7\nroom-22  1234\n");
  expect([0.0042, 2.55, 75.4].map(toSeconds)).toEqual(["0.004 s", "2.5 s", "75 s"]);
  expect(toOneLine("  a\tb\u202ec  ", 4)).toBe("a b…");
});

test("flags win over the environment, and that over the defaults", () => {
  const { values } = readFlags(["--brokers", "a:1,b:2"], kafkaFlags);
  expect(kafkaOf(values, { env: { KAFKA_BROKERS: "c:3" } }).brokers).toEqual(["a:1", "b:2"]);
  expect(kafkaOf({}, { env: { KAFKA_BROKERS: "c:3" } }).brokers).toEqual(["c:3"]);
  expect(kafkaOf({}, { env: {} }).brokers).toEqual(["127.0.0.1:9092"]);
  const sasl = { env: { KAFKA_USERNAME: "u", KAFKA_PASSWORD: "p" } };
  expect(kafkaOf({ "kafka-sasl": "plain" }, sasl).sasl).toEqual({ mechanism: "plain", username: "u", password: "p" });
  expect(serverOf({}, { env: { MARU_TOKEN: "t", MARU_ADDRESS: "m:1" } })).toMatchObject({ address: ["m:1"] });
});

test.each([
  ["a flag that is not known", () => readFlags(["--rom", "r"], kafkaFlags)],
  ["a word too many", () => readFlags(["r"], kafkaFlags)],
  ["no word where one must be", () => readFlags([], kafkaFlags, ["list"])],
  ["a number that is none", () => wholeOf("limit", "x")],
  ["a number that is too small", () => wholeOf("limit", "0", 1)],
  ["a time that is none", () => timeOf("since", "soon", atMs)],
  ["an unknown mechanism", () => kafkaOf({ "kafka-sasl": "none" }, { env: {} })],
  ["a mechanism without a user", () => kafkaOf({ "kafka-sasl": "plain" }, { env: {} })],
])("%s is an error of usage", (_, act) => {
  expect(act).toThrow(UsageError);
});

test("a time is a date or an age", () => {
  expect(timeOf("since", "15m", atMs)).toEqual(new Date(atMs - 900_000));
  expect(timeOf("since", "2026-01-31T12:00:00Z", 0)).toEqual(new Date(atMs));
});

test("every command has help, and others are none", async () => {
  for (const name of ["tail", "dead-letters", "lag", "where-is"]) {
    expect((await findCommand(name)).help).toMatch(new RegExp(`^usage: maru-client ${name}`));
  }
  await expect(findCommand("toString")).rejects.toThrow(UsageError);
});
