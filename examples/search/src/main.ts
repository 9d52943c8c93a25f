// Keeps a full-text index of all messages, and searches it.
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { connectMaru } from "@maru/client";
import { findRunning } from "@maru/devstack/servers";
import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { followRooms } from "./follow-rooms.ts";
import { openIndex } from "./open-index.ts";
import { searchMessages } from "./search-messages.ts";

const help = `usage: node examples/search/src/main.ts [options]            keeps the index up to date, until Ctrl-C
       node examples/search/src/main.ts [options] "words"   searches it

The index follows what happens in rooms: messages, edits, deletes, held messages that are committed, members, erasure.
It uses the Maru that "npm start" runs, or MARU_ADDRESS, MARU_TOKEN and KAFKA_BROKERS.

  --file F     the index (default: maru-search.sqlite in the folder for temporary files)
  --group G    the consumer group (default: search)
  --topic T    the topic (default: that of room events)
  --user U     search only in rooms that this user is a member of
  --room R     search only in this room
  --limit N    show at most so many messages (default 20)
  --help
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: "string", default: join(tmpdir(), "maru-search.sqlite") },
    group: { type: "string", default: "search" },
    topic: { type: "string", default: ROOM_EVENTS_TOPIC },
    user: { type: "string" },
    room: { type: "string" },
    limit: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});

try {
  if (values.help) process.stdout.write(help);
  else if (positionals.length === 0) await follow();
  else search(positionals.join(" "));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function search(words: string): void {
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`--limit must be a whole number from 1 on, not ${values.limit}`);
  if (!existsSync(values.file)) throw new Error(`there is no index at ${values.file}: run this without words first`);
  const db = new DatabaseSync(values.file, { readOnly: true });
  const found = searchMessages(db, { words, userId: values.user, roomId: values.room, limit });
  for (const { roomId, seq, sender, sentAt, snippet } of found) {
    process.stdout.write(`${roomId} ${seq}  ${sentAt}  ${sender}: ${snippet}\n`);
  }
  if (found.length === 0) process.stderr.write("nothing was found\n");
  db.close();
}

async function follow(): Promise<void> {
  const { MARU_ADDRESS, MARU_TOKEN = "", KAFKA_BROKERS } = process.env;
  const given = MARU_ADDRESS && KAFKA_BROKERS;
  const running = given
    ? { grpcAddress: MARU_ADDRESS, token: MARU_TOKEN, brokers: KAFKA_BROKERS.split(",") }
    : await findRunning();
  if (running === undefined)
    throw new Error('no "npm start" is running, and MARU_ADDRESS and KAFKA_BROKERS are not set');
  const { grpcAddress: address, token, brokers } = running;
  const db = openIndex(values.file);
  const count = db.prepare("SELECT count(*) AS count FROM texts");
  const progress = () => {
    const waiting = consumer.lag().partitions.reduce((sum, { eventCount }) => sum + eventCount, 0);
    process.stderr.write(`\r${count.get()?.count} messages in the index, ${waiting} events to go   `);
  };

  await using maru = connectMaru({ address, token });
  await using consumer = await followRooms(maru, db, { brokers, group: values.group, topic: values.topic });
  process.stderr.write(`the index is ${values.file}; stop with Ctrl-C\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void consumer.close());
  const timer = setInterval(progress, 500);
  try {
    await consumer.done;
  } finally {
    clearInterval(timer);
    progress();
    process.stderr.write("\n");
    db.close();
  }
}
