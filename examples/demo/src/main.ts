// Sends real conversations through the client, receives them from Kafka in a second process, and compares.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { compareRoom, isEqual, percentile, type RoomComparison } from "./compare.ts";
import { type Line, readConversations } from "./conversation.ts";
import { startProgress } from "./progress.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { openRoom, type SentRoom, sendConversation } from "./send.ts";
import { useMaru } from "./use-maru.ts";

const help = `usage: npm run demo -- [options]

Sends real conversations through the client, receives them from Kafka in a second process, and shows that both sides
meet: the same messages, in order, none missing. Uses a running "npm start", or starts its own for the time being.

  --file F         conversations as JSON lines, gzipped or not (default: 20 rooms that come along)
  --rooms N        only the first N rooms
  --parallel N     rooms that are sent at the same time (default 32)
  --json           print only the JSON line at the end
  --help
`;

const roomsOpenedAtOnce = 4;

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
  const total = [...conversations.values()].reduce((sum, lines) => sum + lines.length, 0);

  await using running = await useMaru((line) => process.stderr.write(`${line}\n`));
  const { grpcAddress: address, token, brokers } = running;
  await using maru = connectMaru({ address, token });
  const receiver = await startReceiver({ address, token, brokers, group: scratchName("demo") });
  try {
    const sent = await sendAll(maru, conversations, total, Number(values.parallel), stop.signal, receiver.failed);
    await untilReceived(receiver, sent, stop.signal);
    const rooms = sent.map((room) => compareRoom(room, receiver.rooms.get(room.roomId) ?? []));
    report(rooms, sent, receiver.delaysMs);
    if (!rooms.every(isEqual)) process.exitCode = 1;
  } finally {
    await receiver.close();
  }
}

async function sendAll(
  maru: Maru,
  conversations: Map<string, Line[]>,
  total: number,
  parallel: number,
  signal: AbortSignal,
  failed: Promise<never>,
): Promise<SentRoom[]> {
  const opening = startProgress("rooms opened", conversations.size);
  const roomIds = new Map<string, string>();
  await inParallel(conversations, roomsOpenedAtOnce, failed, async ([title, lines]) => {
    signal.throwIfAborted();
    roomIds.set(title, await openRoom(maru, title, lines));
    opening.update(roomIds.size);
  }).finally(opening.end);

  const sending = startProgress("messages sent", total);
  const sent: SentRoom[] = [];
  let done = 0;
  await inParallel(conversations, parallel, failed, async ([title, lines]) => {
    const onSent = () => {
      signal.throwIfAborted();
      sending.update(++done);
    };
    sent.push(await sendConversation(maru, roomIds.get(title) ?? "", title, lines, onSent));
  }).finally(sending.end);
  return sent;
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

/** Waits until every stored message was handled; gives up when nothing has come for half a minute. */
async function untilReceived(receiver: Receiver, sent: readonly SentRoom[], signal: AbortSignal): Promise<void> {
  const isThere = ({ roomId, messages }: SentRoom) => {
    const events = receiver.rooms.get(roomId) ?? [];
    return (events.at(-1)?.seq ?? 0) >= (messages.at(-1)?.[0] ?? 0);
  };
  let quietSince = Date.now();
  let handled = receiver.delaysMs.length;
  while (!sent.every(isThere) && Date.now() - quietSince < 30_000) {
    signal.throwIfAborted();
    await Promise.race([sleep(100), receiver.failed]);
    if (receiver.delaysMs.length !== handled) quietSince = Date.now();
    handled = receiver.delaysMs.length;
  }
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
    process.stdout.write(`from commit to handler: p50 ${result.delayMs.p50} ms, p99 ${result.delayMs.p99} ms\n\n`);
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
