import { gunzipSync, gzipSync } from "node:zlib";

/** The lines of an object of the lake. Firehose may have put several gzip members into one. */
export function readLines(body: Uint8Array): string[] {
  return gunzipSync(body)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

export function writeLines(lines: readonly string[]): Uint8Array {
  return gzipSync(lines.map((line) => `${line}\n`).join(""));
}
