import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

/** One line of the data set. */
export interface Line {
  readonly room: string;
  /** Counts from 1 in each room. */
  readonly n: number;
  /** When it was said, to the minute. */
  readonly at: string;
  readonly from: string;
  readonly text: string;
  /** `n` of the line that this one answers. */
  readonly reply_to?: number;
}

/** The lines of each room, in order. */
export async function readConversations(file: string, maxRooms: number): Promise<Map<string, Line[]>> {
  const rooms = new Map<string, Line[]>();
  const raw = createReadStream(file);
  const text = file.endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  for await (const json of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (json === "") continue;
    const line = JSON.parse(json) as Line;
    let lines = rooms.get(line.room);
    if (lines === undefined) {
      if (rooms.size === maxRooms) break;
      lines = [];
      rooms.set(line.room, lines);
    }
    lines.push(line);
  }
  return rooms;
}
