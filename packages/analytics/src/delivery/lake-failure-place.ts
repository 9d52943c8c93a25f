import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { LakeFiles } from "../lake/lake-files.ts";
import { partitionAt, partitionPath } from "../lake/partition.ts";
import { type FailurePlace, failureLines } from "./failure-place.ts";

/** One object for each batch with failures, under the hour in which they failed. The same records get the same name. */
export function createLakeFailurePlace(
  files: Pick<LakeFiles, "write">,
  { prefix, nowMs }: { readonly prefix: string; readonly nowMs: () => number },
): FailurePlace {
  return {
    async write(records, signal) {
      const lines = failureLines(records);
      const first = records[0]?.record.dynamodb?.SequenceNumber ?? "none";
      const name = `${first}-${createHash("sha256").update(lines).digest("hex").slice(0, 16)}.ndjson.gz`;
      await files.write(`${prefix}${partitionPath(partitionAt(nowMs()))}${name}`, gzipSync(lines), signal);
    },
  };
}
