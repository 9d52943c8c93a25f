import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

/** A line of the data set: see examples/demo/data/README.md. */
export interface ConversationLine {
  readonly room: string;
  readonly n: number;
  readonly at: string;
  readonly from: string;
  readonly text: string;
  readonly reply_to?: number;
}

export async function readConversationLines(file: string): Promise<ConversationLine[]> {
  const raw = createReadStream(file);
  const input = file.endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  const lines: ConversationLine[] = [];
  for await (const json of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (json !== "") lines.push(JSON.parse(json) as ConversationLine);
  }
  return lines;
}
