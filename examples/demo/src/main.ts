// Sends real conversations through the client, receives them from Kafka in a second process, and compares.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { compareRoom, isEqual, percentile, type RoomComparison } from "./compare.ts";
import { type Line, readConversations } from "./conversation.ts";
import { type Progress, startProgress } from "./progress.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { openRoom, type SentRoom, sendConversation } from "./send.ts";
import { type UsedMaru, useMaru } from "./use-maru.ts";
import { watchArrivals } from "./watch-arrivals.ts";

const help = `usage: npm run demo -- [options]

Sends real conversations through the client, receives them from Kafka in a second process, and shows that both sides
meet: the same messages, in order, none missing. Uses a running "npm start", or starts its own for the time being.
When nothing arrives for a while, it says what the relay and the consumer say of themselves; when the run fails, it keeps
the server's log and says where it is.

  --file F         conversations as JSON lines, gzipped or not (default: 20 rooms that come along)
  --rooms N        only the first N rooms
  --parallel N     rooms that are sent at the same time (default 32)
  --json           print only the JSON line at the end
  --help
`;

const roomsOpenedAtOnce = 4;
/** Longer than a consumer takes to notice that nothing comes, and to join its group anew. */
const giveUpMs = 120_000;
const sentRow = "messages sent";
const receivedRow = "messages received";

const { values } = parseArgs({
  options: {
    file: { type: "string", default: join(import.meta.dirname, "../data/irc-20-rooms.ndjson.gz") },
    rooms: { type: "string", default: "1000000" },
    parallel: { type: "string", default: "32" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped by Ctrl-C")));
  const conversations = await readConversations(values.file, Number(values.rooms));

  await using running = await useMaru((line) => process.stderr.write(`${line}\n`));
  try {
    if (await run(running, conversations, stop.signal)) return;
  } catch (error) {
    if (!stop.signal.aborted) process.stderr.write(`the server's log: ${running.keepLog()}\n`);
    throw error;
  }
  process.exitCode = 1;
  process.stderr.write(`the two sides differ; the server's log: ${running.keepLog()}\n`);
}

async function run(running: UsedMaru, conversations: Map<string, Line[]>, signal: AbortSignal): Promise<boolean> {
  const { grpcAddress: address, httpAddress, token, brokers } = running;
  const total = [...conversations.values()].reduce((sum, lines) => sum + lines.length, 0);
  await using maru = connectMaru({ address, token });
  const receiver = await startReceiver({ address, token, brokers, group: scratchName("demo") });
  try {
    const roomIds = await openRooms(maru, conversations, signal, receiver.failed);
    const progress = startProgress({ [sentRow]: total, [receivedRow]: total });
    const counting = setInterval(() => progress.update(receivedRow, receiver.messageCount), 100);
    const sent: SentRoom[] = [];
    const isWaiting = () => !sent.every((room) => isThere(receiver, room));
    using arrivals = watchArrivals({ receiver, httpAddress, isWaiting, say: progress.note });
    try {
      await sendAll({ maru, conversations, roomIds, progress, signal, sent, failed: receiver.failed });
      // Gives up when nothing has come for long.
      while (isWaiting() && arrivals.quietMs < giveUpMs) {
        signal.throwIfAborted();
        await Promise.race([sleep(100), receiver.failed]);
      }
    } finally {
      clearInterval(counting);
      progress.update(receivedRow, receiver.messageCount);
      progress.end();
    }
    const rooms = sent.map((room) => compareRoom(room, receiver.rooms.get(room.roomId) ?? []));
    report(rooms, sent, receiver.delaysMs);
    return rooms.every(isEqual);
  } finally {
    await receiver.close();
  }
}

async function openRooms(
  maru: Maru,
  conversations: Map<string, Line[]>,
  signal: AbortSignal,
  failed: Promise<never>,
): Promise<Map<string, string>> {
  const opening = startProgress({ "rooms opened": conversations.size });
  const roomIds = new Map<string, string>();
  await inParallel(conversations, roomsOpenedAtOnce, failed, async ([title, lines]) => {
    signal.throwIfAborted();
    roomIds.set(title, await openRoom(maru, title, lines));
    opening.update("rooms opened", roomIds.size);
  }).finally(opening.end);
  return roomIds;
}

interface Sending {
  readonly maru: Maru;
  readonly conversations: Map<string, Line[]>;
  readonly roomIds: ReadonlyMap<string, string>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Gets each room when it begins, and is filled on. */
  readonly sent: SentRoom[];
  readonly failed: Promise<never>;
}

async function sendAll({ maru, conversations, roomIds, progress, signal, sent, failed }: Sending): Promise<void> {
  let done = 0;
  await inParallel(conversations, Number(values.parallel), failed, async ([title, lines]) => {
    const room: SentRoom = { roomId: roomIds.get(title) ?? "", title, messages: [], refused: 0 };
    sent.push(room);
    await sendConversation(maru, room, lines, () => {
      signal.throwIfAborted();
      progress.update(sentRow, ++done);
    });
  });
}

async function inParallel<Item>(
  items: Iterable<Item>,
  count: number,
  failed: Promise<never>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await work(next.value);
  };
  await Promise.race([Promise.all(Array.from({ length: count }, worker)), failed]);
}

/** Whether the newest message that was stored in the room has been handled. */
function isThere(receiver: Receiver, { roomId, messages }: SentRoom): boolean {
  return (receiver.rooms.get(roomId)?.at(-1)?.seq ?? 0) >= (messages.at(-1)?.[0] ?? 0);
}

function report(rooms: readonly RoomComparison[], sent: readonly SentRoom[], delaysMs: number[]): void {
  const delays = delaysMs.sort((a, b) => a - b);
  const sum = (of: (room: RoomComparison) => number) => rooms.reduce((total, room) => total + of(room), 0);
  const result = {
    rooms: rooms.length,
    equalRooms: rooms.filter(isEqual).length,
    sent: sum((room) => room.sent),
    received: sum((room) => room.received),
    refusedEmptyTexts: sent.reduce((total, room) => total + room.refused, 0),
    missing: sum((room) => room.missing),
    repeated: sum((room) => room.repeated),
    outOfOrder: sum((room) => room.outOfOrder),
    changed: sum((room) => room.changed),
    delayMs: { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) },
  };
  if (!values.json) {
    const row = (name: string, ...cells: unknown[]) =>
      process.stdout.write(`${name.padEnd(24)}${cells.map((cell) => String(cell).padStart(10)).join("")}\n`);
    row("room", "sent", "received", "");
    for (const room of rooms) row(room.title, room.sent, room.received, isEqual(room) ? "equal" : "DIFFERENT");
    row("all", result.sent, result.received, "");
    process.stdout.write(`\nempty texts refused: ${result.refusedEmptyTexts}\n`);
    if (result.repeated > 0) process.stdout.write(`events that came again: ${result.repeated}\n`);
    process.stdout.write(`from commit to handler: p50 ${result.delayMs.p50} ms, p99 ${result.delayMs.p99} ms\n\n`);
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
