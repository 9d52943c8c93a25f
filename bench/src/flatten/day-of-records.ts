import { type Line, readConversations } from "../../../examples/demo/src/conversation.ts";
import { roomRecords, type TimedRecord } from "./room-records.ts";

/** The day, of UTC, on which all conversations of the bench take place. */
export const day = "2026-11-25";
const dayMs = 86_400_000;

/** So many records of the conversations of a file, all of one day, in the order of their times. */
export async function dayOfRecords(file: string, count: number): Promise<TimedRecord[]> {
  const records: TimedRecord[] = [];
  for await (const room of roomsOfADay(file)) {
    records.push(...room);
    if (records.length >= count) break;
  }
  return records.sort((a, b) => a.atMs - b.atMs).slice(0, count);
}

/**
 * The records of one room after the other: one for each conversation of the file, and then the same again in other rooms,
 * without end. Rooms begin all over the day, in no order, and end within it.
 */
export async function* roomsOfADay(file: string): AsyncGenerator<TimedRecord[], never> {
  const conversations = [...(await readConversations(file, Number.POSITIVE_INFINITY))];
  if (conversations.length === 0) throw new RangeError(`there are no conversations in ${file}`);
  for (let copy = 0; ; copy++)
    for (const [index, [room, lines]] of conversations.entries()) {
      const latestMs = Math.max(1, dayMs - lengthMs(lines) - marginMs);
      const afterMs = ((copy * conversations.length + index) * 7_919_000) % latestMs;
      const fromMs = Date.parse(`${day}T00:00:00Z`) + afterMs;
      yield roomRecords({ name: copy === 0 ? room : `${room} ${copy}`, lines, fromMs });
    }
}

/** Lines of one minute follow each other at a small distance, so the last is a little later than the file says. */
const marginMs = 3_600_000;

function lengthMs(lines: readonly Line[]): number {
  return Date.parse(lines.at(-1)?.at ?? "") - Date.parse(lines[0]?.at ?? "");
}
