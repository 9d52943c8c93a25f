import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { expect, test } from "vitest";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";
import type { FailedRecord } from "./failure-place.ts";
import { createFlattenHandler, type FlattenHandlerDeps } from "./flatten-handler.ts";

const bornAtMs = Date.parse("2026-11-25T10:00:00Z");

function recordOf(seq: number, body: unknown = { S: `text ${seq}` }): LambdaStreamRecord {
  return {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: bornAtMs / 1000,
      SequenceNumber: String(1000 + seq),
      NewImage: { room_id: { S: "r" }, sk: { S: `log#${String(seq).padStart(10, "0")}` }, body },
    },
  };
}

/** A handler over a stream that refuses rows by their text, at a moment after the records were made. */
function handlerAt(
  ageMs: number,
  refuses: (row: string) => string | undefined,
  over: Partial<FlattenHandlerDeps> = {},
) {
  const taken: string[] = [];
  const kept: FailedRecord[] = [];
  const handler = createFlattenHandler({
    flattening: { personalData: parsePersonalData("user_ids: full"), pseudonyms: createPseudonyms("k".repeat(32)) },
    openCardTypes: async () => new Map(),
    stream: {
      async put(rows) {
        const texts = rows.map((bytes) => Buffer.from(bytes).toString());
        const codes = texts.map(refuses);
        taken.push(...texts.filter((_, at) => codes[at] === undefined));
        return codes;
      },
    },
    failures: { write: async (records) => void kept.push(...records) },
    log: { info: () => undefined, error: () => undefined },
    nowMs: () => bornAtMs + ageMs,
    random: () => 0,
    ...over,
  });
  const run = (records: readonly LambdaStreamRecord[]) =>
    handler({ Records: records }, { getRemainingTimeInMillis: () => 5_100 });
  return { run, taken, kept };
}

test("a batch that is taken is answered with an empty list of failures", async () => {
  const { run, taken } = handlerAt(0, () => undefined);
  expect(await run([recordOf(1), recordOf(2)])).toEqual({ batchItemFailures: [] });
  expect(taken.map((row) => JSON.parse(row).sequence_number)).toEqual(["1001", "1002"]);
  expect(await run([])).toEqual({ batchItemFailures: [] });
});

test("the answer names the first record that was not taken, and all others are taken", async () => {
  const { run, taken, kept } = handlerAt(0, (row) =>
    /text [24]"/.test(row) ? "ServiceUnavailableException" : undefined,
  );
  expect(await run([1, 2, 3, 4].map((seq) => recordOf(seq)))).toEqual({
    batchItemFailures: [{ itemIdentifier: "1002" }],
  });
  expect(new Set(taken.map((row) => JSON.parse(row).body))).toEqual(new Set(["text 1", "text 3"]));
  expect(kept).toEqual([]);
});

test("a poison record goes to the failure place as it came, and nothing waits for it", async () => {
  const { run, taken, kept } = handlerAt(0, () => undefined);
  const poison = recordOf(2, { X: "?" });
  expect(await run([recordOf(1), poison, recordOf(3)])).toEqual({ batchItemFailures: [] });
  expect(taken).toHaveLength(2);
  expect(kept).toEqual([{ why: "body holds no value of type X", record: poison }]);
});

test("an item whose row is larger than Firehose takes goes to the failure place", async () => {
  // 390 KB in the table, and six times that as JSON.
  const { run, taken, kept } = handlerAt(0, () => undefined);
  expect(await run([recordOf(1, { S: "\u0001".repeat(390_000) }), recordOf(2)])).toEqual({ batchItemFailures: [] });
  expect(taken).toHaveLength(1);
  expect(kept[0]?.why).toMatch(/^its row has 23\d{5} bytes, and one may have 1024000$/);
});

test("a record that is refused for too long is put aside, so that its shard goes on", async () => {
  const { run, kept } = handlerAt(600_000, (row) => (row.includes("text 1") ? "InternalFailure" : undefined));
  expect(await run([recordOf(1), recordOf(2)])).toEqual({ batchItemFailures: [] });
  expect(kept).toEqual([{ why: "InternalFailure", record: recordOf(1) }]);
});

test("while the failure place cannot be written to, what belongs there is handed over again", async () => {
  const { run } = handlerAt(0, () => undefined, {
    failures: { write: () => Promise.reject(new Error("AccessDenied")) },
  });
  expect(await run([recordOf(1), recordOf(2, { X: "?" }), recordOf(3)])).toEqual({
    batchItemFailures: [{ itemIdentifier: "1002" }],
  });
});

test("a card whose types cannot be read now waits, and only it", async () => {
  const card = { M: { content: { M: { card: { M: { type: { S: "shop.v1.Order" }, value: { B: "" } } } } } } };
  const { run, taken } = handlerAt(0, () => undefined, { openCardTypes: () => Promise.reject(new Error("throttled")) });
  expect(await run([recordOf(1), recordOf(2, card), recordOf(3)])).toEqual({
    batchItemFailures: [{ itemIdentifier: "1002" }],
  });
  expect(taken).toHaveLength(2);
});

test("a batch leaves one line in the log, with what was put aside", async () => {
  const told: object[] = [];
  const log = { info: (fields: object) => void told.push(fields), error: (fields: object) => void told.push(fields) };
  const { run } = handlerAt(0, (row) => (row.includes("text 3") ? "InternalFailure" : undefined), { log });
  await run([recordOf(1), recordOf(2, { X: "?" }), recordOf(3)]);
  expect(told).toEqual([{ records: 3, delivered: 1, again: 1, putAside: 1, why: "InternalFailure" }]);
});

test("a record without a number that cannot be put aside stands for the whole batch", async () => {
  const { run } = handlerAt(0, () => undefined, { failures: { write: () => Promise.reject(new Error("away")) } });
  expect(await run([{ eventName: "INSERT" }])).toEqual({ batchItemFailures: [{ itemIdentifier: "" }] });
});
