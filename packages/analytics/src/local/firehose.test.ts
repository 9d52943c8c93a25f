import { appendFile, cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFolderFiles } from "../lake/folder-files.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { readLines } from "../lake/rows.ts";
import { Firehose, type FirehoseOptions, FirehoseRefusal } from "./firehose.ts";

let folder: string;
let files: LakeFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "firehose-test-"));
  await mkdir(join(folder, "bucket"));
  files = createFolderFiles(join(folder, "bucket"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const row = (text: string): Uint8Array => Buffer.from(`"${text}"\n`);
const atMs = Date.parse("2026-11-25T10:59:59Z");

const start = (over: Partial<FirehoseOptions> = {}): Promise<Firehose> =>
  Firehose.start({
    ...{ files, streamName: "lake", prefix: "events/hour=!{timestamp:HH}/", folder: join(folder, "spool") },
    ...{ bufferBytes: 1_000_000, bufferMs: 60_000, nowMs: () => atMs },
    ...over,
  });

async function delivered(): Promise<string[]> {
  const rows: string[] = [];
  for await (const key of files.list("events/hour=10/"))
    rows.push(...readLines((await files.read(key)) ?? Buffer.of()));
  return rows.map((line) => JSON.parse(line));
}

test("rows are written when the buffer is full, under the hour of their arrival", async () => {
  const firehose = await start({ bufferBytes: 10 });
  await firehose.putRecordBatch([row("a")]);
  expect(await delivered()).toEqual([]);
  await firehose.putRecordBatch([row("b"), row("c")]);
  expect(await delivered()).toEqual(["a", "b", "c"]);
  await firehose.close();
});

test("rows are written when their time is over", async () => {
  const firehose = await start({ bufferMs: 20 });
  await firehose.putRecordBatch([row("a")]);
  await vi.waitFor(async () => expect(await delivered()).toEqual(["a"]), { timeout: 5_000 });
  await firehose.close();
});

test("some rows of a call are refused, and the others are taken", async () => {
  const refuse = (bytes: Uint8Array) => (Buffer.from(bytes).includes("b") ? "InternalFailure" : undefined);
  const firehose = await start({ refuse });
  expect(await firehose.putRecordBatch([row("a"), row("b")])).toEqual([undefined, "InternalFailure"]);
  await firehose.close();
  expect(await delivered()).toEqual(["a"]);
});

test("a call that breaks the limits is refused as a whole", async () => {
  const firehose = await start();
  const refused = async (rows: Uint8Array[]) => firehose.putRecordBatch(rows);
  await expect(refused([])).rejects.toThrow(FirehoseRefusal);
  await expect(refused(Array.from({ length: 501 }, () => row("a")))).rejects.toThrow("1 to 500 records");
  await expect(refused([new Uint8Array(1_024_001)])).rejects.toThrow("at most 1024000 bytes");
  await firehose.close();
});

test("what was taken is delivered after a crash, without the row that was only begun", async () => {
  const spool = join(folder, "spool");
  const killed = await start();
  await killed.putRecordBatch([row("a"), row("b")]);
  await cp(spool, join(folder, "left"), { recursive: true });
  await killed.close();
  await rm(join(folder, "bucket"), { recursive: true });
  const [file = ""] = await readdir(join(folder, "left"));
  await appendFile(join(folder, "left", file), Buffer.from([0, 0, 0, 9, 34]));
  const next = await start({ folder: join(folder, "left") });
  expect(await delivered()).toEqual(["a", "b"]);
  expect(await readdir(join(folder, "left"))).toEqual([]);
  await next.close();
});

test("while the bucket is away nothing is lost, and nobody who sends is told", async () => {
  let isAway = true;
  const flaky = {
    write: (key: string, body: Uint8Array) => (isAway ? Promise.reject(new Error("away")) : files.write(key, body)),
  };
  const errors: unknown[] = [];
  const firehose = await start({ files: flaky, bufferBytes: 4, onError: (error) => errors.push(error) });
  expect(await firehose.putRecordBatch([row("a")])).toEqual([undefined]);
  expect(errors).toHaveLength(1);
  isAway = false;
  await firehose.putRecordBatch([row("b")]);
  expect(await delivered()).toEqual(["a", "b"]);
  await firehose.close();
});
