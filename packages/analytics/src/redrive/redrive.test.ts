import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FailedRecord } from "../delivery/failure-place.ts";
import { createLakeFailurePlace } from "../delivery/lake-failure-place.ts";
import { createFolderFiles } from "../lake/folder-files.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { readLines } from "../lake/rows.ts";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";
import { redrive } from "./redrive.ts";

let folder: string;
let files: LakeFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redrive-test-"));
  files = createFolderFiles(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const flattening = { personalData: parsePersonalData("user_ids: full"), pseudonyms: createPseudonyms("k".repeat(32)) };
const run = () => redrive({ files, flattening, openCardTypes: async () => new Map(), signal });

const failed = (sequenceNumber: string, body: unknown): FailedRecord => ({
  why: "InternalFailure",
  record: {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: 1,
      SequenceNumber: sequenceNumber,
      NewImage: { room_id: { S: "r" }, sk: { S: "log#0000000001" }, body },
    },
  },
});

async function putAside(records: readonly FailedRecord[]): Promise<void> {
  const place = createLakeFailurePlace(files, { prefix: "failures/", nowMs: () => Date.parse("2026-11-25T10:30:00Z") });
  await place.write(records, signal);
}

const keys = async (prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of files.list(prefix)) found.push(key);
  return found;
};

test("what was put aside comes into the hour in which it failed, whatever its size, and is put aside no more", async () => {
  await putAside([failed("1", { S: "a" }), failed("2", { S: "\u0001".repeat(300_000) })]);
  expect(await run()).toEqual({ objects: 1, delivered: 2, left: new Map() });
  const [key = ""] = await keys("events/");
  expect(key).toMatch(/^events\/year=2026\/month=11\/day=25\/hour=10\/redriven-1-[0-9a-f]{16}-[0-9a-f]{16}\.gz$/);
  const rows = readLines((await files.read(key)) ?? new Uint8Array());
  expect(rows.map((row) => JSON.parse(row).sequence_number)).toEqual(["1", "2"]);
  expect(await keys("failures/")).toEqual([]);
});

test("what still cannot become a row stays where it is, with the reason", async () => {
  await putAside([failed("1", { S: "a" }), failed("2", { X: "?" })]);
  expect(await run()).toEqual({ objects: 1, delivered: 1, left: new Map([["body holds no value of type X", 1]]) });
  expect(await run()).toEqual({ objects: 1, delivered: 0, left: new Map([["body holds no value of type X", 1]]) });
  expect(await keys("events/")).toHaveLength(1);
});

test("what can become a row only later does not take the place of what came before", async () => {
  const card = { M: { content: { M: { card: { M: { type: { S: "shop.v1.Order" }, value: { B: "" } } } } } } };
  await putAside([failed("1", { S: "a" }), failed("2", card)]);
  const away = () => Promise.reject(new Error("throttled"));
  expect(await redrive({ files, flattening, openCardTypes: away, signal })).toMatchObject({ delivered: 1 });
  expect(await run()).toMatchObject({ delivered: 1 });
  const rows = await Promise.all(
    (await keys("events/")).map(async (key) => readLines((await files.read(key)) ?? new Uint8Array())),
  );
  expect(
    rows
      .flat()
      .map((row) => JSON.parse(row).sequence_number)
      .sort(),
  ).toEqual(["1", "2"]);
});

test("a redrive that was killed after it wrote the rows writes the same object again", async () => {
  await putAside([failed("1", { S: "a" })]);
  const [key = ""] = await keys("failures/");
  const before = await files.read(key);
  await run();
  await files.write(key, before ?? new Uint8Array());
  await run();
  expect(await keys("events/")).toHaveLength(1);
});
