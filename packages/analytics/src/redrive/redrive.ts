import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type FailedRecord, failureLines, parseFailureLines } from "../delivery/failure-place.ts";
import { type ToRowsDeps, toRows } from "../delivery/to-rows.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { partitionOf, partitionPath } from "../lake/partition.ts";
import { readLines } from "../lake/rows.ts";

export interface RedriveDeps extends Pick<ToRowsDeps, "flattening" | "openCardTypes"> {
  readonly files: LakeFiles;
  readonly signal: AbortSignal;
  readonly onObject?: (key: string, so: Redriven) => void;
}

export interface Redriven {
  readonly objects: number;
  readonly delivered: number;
  /** Why records stay where they are, and how many. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * Brings what was put aside into the lake, under the hour in which it failed, and takes it out of the failure place. What
 * still cannot become a row stays there. It can be stopped and run again at any point: rows may come twice, none is lost.
 */
export async function redrive(deps: RedriveDeps): Promise<Redriven> {
  const left = new Map<string, number>();
  let so: Redriven = { objects: 0, delivered: 0, left };
  for await (const key of deps.files.list("failures/", deps.signal)) {
    deps.signal.throwIfAborted();
    const { delivered, stays } = await redriveObject(deps, key);
    for (const { why } of stays) left.set(why, (left.get(why) ?? 0) + 1);
    so = { objects: so.objects + 1, delivered: so.delivered + delivered, left };
    deps.onObject?.(key, so);
  }
  return so;
}

async function redriveObject({ files, ...deps }: RedriveDeps, key: string) {
  const body = await files.read(key);
  const partition = partitionOf(key);
  if (body === undefined || partition === undefined) return { delivered: 0, stays: [] };
  const failed = parseFailureLines(readLines(body).join("\n"));
  const records = failed.map(({ record }) => record);
  // No call's limits hold here: a row that is too large for Firehose is a line like any other.
  const { rows, unreadable, waiting } = await toRows({ ...deps, maxRowBytes: Number.POSITIVE_INFINITY }, records);
  const stays: FailedRecord[] = [...unreadable, ...waiting];
  if (rows.length > 0) {
    const name = key.slice(key.lastIndexOf("/") + 1).replace(/\.ndjson\.gz$/, "");
    const lines = Buffer.concat(rows.map(({ bytes }) => bytes));
    // Named after what it holds: the same rows overwrite themselves, and others of the same object never do.
    const hash = createHash("sha256").update(lines).digest("hex").slice(0, 16);
    await files.write(`events/${partitionPath(partition)}redriven-${name}-${hash}.gz`, gzipSync(lines));
  }
  if (stays.length === 0) await files.remove(key);
  else if (rows.length > 0) await files.write(key, gzipSync(failureLines(stays)));
  return { delivered: rows.length, stays };
}
