import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failureLines } from "../delivery/failure-place.ts";
import { createFolderFiles } from "../lake/folder-files.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { readLines, writeLines } from "../lake/rows.ts";
import { ErasureError, eraseUsers } from "./erase-users.ts";

let folder: string;
let files: LakeFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "erase-test-"));
  files = createFolderFiles(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const first = "events/year=2026/month=11/day=24/hour=10/a.gz";
const second = "events/year=2026/month=11/day=25/hour=10/b.gz";

/** A row as flatten writes it; `item` is the text of the item's attributes. */
const rowOf = (seq: number, operation: string, sequenceNumber: string, item: string, room = "r1"): string =>
  `{"item_kind":"entry","operation":"${operation}","committed_at":"2026-11-24T10:00:00.000Z","sequence_number":"${sequenceNumber}",` +
  `"room_id":"${room}","sk":"log#${String(seq).padStart(10, "0")}","seq":${seq},${item}}`;

const said = (user: string, text: string): string =>
  `"type":"message_sent","actor":{"user_id":"${user}"},"body":{"content":{"text":{"text":"${text}"}}}`;
const emptied = (user: string): string =>
  `"type":"message_sent","actor":{"user_id":"${user}"},"body":{"deletion":{"seq":9}},"exact":1.10`;

const run = (over: Partial<Parameters<typeof eraseUsers>[0]> = {}) =>
  eraseUsers({
    ...{ files, receiptId: "case-7", userIds: ["ada"], nowMs: () => 0, signal: new AbortController().signal },
    ...over,
  });

async function textOf(key: string): Promise<string[]> {
  return readLines((await files.read(key)) ?? new Uint8Array());
}

test("older rows of an erased user say what the newest row says, and keep when they happened", async () => {
  const other = rowOf(2, "INSERT", "11", said("grace", "hello ada"));
  await files.write(first, writeLines([rowOf(1, "INSERT", "10", said("ada", "secret")), other]));
  await files.write(
    second,
    writeLines([rowOf(1, "MODIFY", "9", said("ada", "edited secret")), rowOf(1, "MODIFY", "100", emptied("ada"))]),
  );
  const receipt = await run();
  expect(await textOf(first)).toEqual([rowOf(1, "INSERT", "10", emptied("ada")), other]);
  expect(await textOf(second)).toEqual([
    rowOf(1, "MODIFY", "9", emptied("ada")),
    rowOf(1, "MODIFY", "100", emptied("ada")),
  ]);
  expect(receipt.partitions.map(({ partition, objects }) => [partition, objects.map(({ rows }) => rows)])).toEqual([
    ["year=2026/month=11/day=24/hour=10/", [1]],
    ["year=2026/month=11/day=25/hour=10/", [1]],
  ]);
  expect(JSON.stringify(receipt)).not.toContain("ada");
  expect(JSON.parse(Buffer.from((await files.read("receipts/erasure/case-7.json")) ?? []).toString())).toEqual(receipt);
});

test("what somebody else wrote down for the user goes too: the commit of a held message", async () => {
  const commit = (content: string): string =>
    `"type":"message_committed","actor":{"system":{}},"body":{"target_seq":1,"message":{${content}}}`;
  const held = rowOf(2, "INSERT", "12", commit('"content":{"text":{"text":"secret"}}'));
  await files.write(
    first,
    writeLines([rowOf(1, "MODIFY", "100", emptied("ada")), held, rowOf(2, "MODIFY", "101", commit(""))]),
  );
  await run();
  expect((await textOf(first)).join()).not.toContain("secret");
});

test("rows that come twice, and those of other rooms, are left to the letter", async () => {
  const kept = [rowOf(1, "INSERT", "5", said("grace", "x"), "r2"), rowOf(1, "MODIFY", "6", said("grace", "y"), "r2")];
  await files.write(first, writeLines([...kept, ...kept, rowOf(1, "MODIFY", "100", emptied("ada"))]));
  const before = await files.read(first);
  expect((await run()).partitions).toEqual([]);
  expect(await files.read(first)).toEqual(before);
});

test("while the service has not erased the user, nothing is rewritten", async () => {
  await files.write(first, writeLines([rowOf(1, "INSERT", "10", said("ada", "secret"))]));
  await expect(run()).rejects.toThrow(
    new ErasureError(
      "1 entries of these users still have their content, the first in room r1 (log#0000000001): " +
        "erase the users in the service, wait until the lake has it, and run this again",
    ),
  );
});

test("records of the user that were put aside have to be redriven first", async () => {
  const record = { eventName: "INSERT", dynamodb: { NewImage: { actor: { M: { user_id: { S: "ada" } } } } } };
  const key = "failures/year=2026/month=11/day=24/hour=10/1.ndjson.gz";
  await files.write(key, writeLines([failureLines([{ why: "InternalFailure", record }]).trim()]));
  await expect(run()).rejects.toThrow(`${key} holds records of these users that were put aside: redrive them first`);
});

test("an erasure that was stopped goes on with the same receipt, and another user needs another one", async () => {
  await files.write(first, writeLines([rowOf(1, "INSERT", "10", said("ada", "secret"))]));
  await files.write(
    second,
    writeLines([rowOf(1, "MODIFY", "99", said("ada", "more")), rowOf(1, "MODIFY", "100", emptied("ada"))]),
  );
  const stop = new AbortController();
  const onProgress = ({ step }: { step: string }) =>
    step === "rewriting" ? stop.abort(new Error("stopped")) : undefined;
  await expect(run({ signal: stop.signal, onProgress })).rejects.toThrow("stopped");
  expect((await textOf(second)).join()).toContain("more");
  const receipt = await run();
  expect(receipt.finishedAt).toBeDefined();
  expect(receipt.partitions).toHaveLength(2);
  expect((await textOf(second)).join()).not.toContain("more");
  await expect(run({ userIds: ["grace"] })).rejects.toThrow(
    "there is a receipt case-7 already, and it is of other users",
  );
});

test("a row with a room_id of its own before the row's is found all the same", async () => {
  const newest = rowOf(1, "MODIFY", "100", emptied("ada")).replace(
    '"room_id"',
    '"attributes":{"room_id":"r9"},"room_id"',
  );
  await files.write(first, writeLines([rowOf(1, "INSERT", "10", said("ada", "secret")), newest]));
  await run();
  expect((await textOf(first)).join()).not.toContain("secret");
});

test("where rows have hashes, the user is found by the hash", async () => {
  await files.write(
    first,
    writeLines([rowOf(1, "INSERT", "10", said("h-ada", "secret")), rowOf(1, "MODIFY", "100", emptied("h-ada"))]),
  );
  await run({ pseudonymOf: (userId) => `h-${userId}` });
  expect((await textOf(first)).join()).not.toContain("secret");
});
