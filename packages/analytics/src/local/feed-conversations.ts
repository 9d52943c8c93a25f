import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { ErrorReason, isReason, type Maru, service, text, user } from "@maru/client";

/** One line of the data set of conversations. */
interface Line {
  readonly room: string;
  readonly n: number;
  readonly from: string;
  readonly text: string;
  readonly reply_to?: number;
}

export interface FeedOptions {
  readonly maru: Maru;
  /** JSON lines, gzipped. */
  readonly file: string;
  readonly maxRooms: number;
  /** Rooms that are written to at the same time. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** How many messages are sent, of how many lines that the file has. */
  readonly onProgress: (messages: number, total: number) => void;
}

export interface Fed {
  readonly roomIds: readonly string[];
  readonly messages: number;
  /** Who wrote, the busiest first. */
  readonly userIds: readonly string[];
}

/**
 * Writes real conversations into rooms, and what happens to messages beside being sent: every 20th is edited, every 33rd
 * deleted, every 10th gets a reaction, and in each room somebody leaves at the end.
 */
export async function feedConversations(options: FeedOptions): Promise<Fed> {
  const rooms = await readRooms(options.file, options.maxRooms);
  const total = [...rooms.values()].reduce((sum, lines) => sum + lines.length, 0);
  const waiting = rooms.values();
  const roomIds: string[] = [];
  let messages = 0;
  const worker = async () => {
    for (const lines of waiting) {
      options.signal.throwIfAborted();
      const onSent = () => options.onProgress(++messages, total);
      roomIds.push(await feedRoom(options, lines, onSent));
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, worker));
  const bySender = Map.groupBy([...rooms.values()].flat(), ({ from }) => from);
  const busiestFirst = [...bySender].sort(([, a], [, b]) => b.length - a.length);
  return { roomIds, messages, userIds: busiestFirst.map(([userId]) => userId) };
}

async function feedRoom({ maru, signal }: FeedOptions, lines: readonly Line[], onSent: () => void): Promise<string> {
  const speakers = [...new Set(lines.map(({ from }) => from))];
  const roomId = await openRoom(maru, lines[0]?.room ?? "", speakers);
  const seqOfLine = new Map<number, number>();
  for (const line of lines) {
    signal.throwIfAborted();
    const seq = await sendLine(maru, roomId, line, seqOfLine.get(line.reply_to ?? 0) ?? 0);
    if (seq === undefined) continue;
    seqOfLine.set(line.n, seq);
    onSent();
    const actor = user(line.from);
    if (line.n % 20 === 0) await maru.messages.edit({ roomId, seq, actor, content: text(`${line.text} (edited)`) });
    if (line.n % 10 === 0) await maru.messages.setReactions({ roomId, seq, actor, kinds: ["+1"] });
    if (line.n % 33 === 0) await maru.messages.delete({ roomId, seq, actor });
  }
  const [leaving] = speakers;
  if (leaving !== undefined) await maru.rooms.leave({ roomId, actor: user(leaving) });
  return roomId;
}

async function openRoom(maru: Maru, title: string, speakers: readonly string[]): Promise<string> {
  const slow = { timeoutMs: 60_000 };
  const [first = [], ...more] = Array.from({ length: Math.ceil(speakers.length / 90) }, (_, n) =>
    speakers.slice(n * 90, n * 90 + 90).map((userId) => ({ userId })),
  );
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", title, members: first }, slow);
  const roomId = room?.roomId ?? "";
  for (const members of more) await maru.rooms.addMembers({ roomId, actor: service(), members }, slow);
  return roomId;
}

/** Undefined for a text that the service refuses: some are empty. */
async function sendLine(maru: Maru, roomId: string, line: Line, replyToSeq: number): Promise<number | undefined> {
  try {
    const { entry } = await maru.messages.send({
      roomId,
      actor: user(line.from),
      content: text(line.text),
      replyToSeq,
    });
    return entry?.seq;
  } catch (error) {
    if (line.text === "" && isReason(error, ErrorReason.INVALID_REQUEST)) return undefined;
    throw error;
  }
}

async function readRooms(file: string, maxRooms: number): Promise<Map<string, Line[]>> {
  const rooms = new Map<string, Line[]>();
  for await (const json of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    if (json === "") continue;
    const line = JSON.parse(json) as Line;
    if (!rooms.has(line.room) && rooms.size === maxRooms) break;
    const lines = rooms.get(line.room) ?? [];
    lines.push(line);
    rooms.set(line.room, lines);
  }
  return rooms;
}
