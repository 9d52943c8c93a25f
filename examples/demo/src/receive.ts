// The second process: receives room events from Kafka with its own consumer group, and reports to the first.
import { connectMaru } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { fingerprint } from "./fingerprint.ts";

/** Tells the parent what was handled: room, number, hash of the text (empty for entries that are no messages), delay. */
export type Handled = [roomId: string, seq: number, hash: string, delayMs: number];

/** What the consumer has not fetched yet of the partitions that it has. */
export interface Lag {
  readonly partitions: number;
  readonly toFetch: number;
}

const [address = "", token = "", brokers = "", group = ""] = process.argv.slice(2);
const flushMs = 50;
const lagMs = 1_000;

const maru = connectMaru({ address, token });
let batch: Handled[] = [];
const flush = () => {
  if (batch.length > 0) process.send?.({ handled: batch });
  batch = [];
};
const timer = setInterval(flush, flushMs);

const consumer = await subscribe(
  maru,
  { brokers: brokers.split(","), group },
  {
    any: (event) => {
      const { content } = event.entry.body.case === "messageSent" ? event.entry.body.value : {};
      const hash = content?.kind.case === "text" ? fingerprint(content.kind.value.text) : "";
      batch.push([event.roomId, event.seq, hash, Date.now() - (event.committedAt?.getTime() ?? Number.NaN)]);
    },
  },
);
process.send?.({ ready: true });
const lagTimer = setInterval(() => {
  const known = consumer.partitions.filter(({ position }) => position >= 0n);
  const toFetch = known.reduce((sum, { position, highOffset }) => sum + Number(highOffset - position), 0);
  process.send?.({ lag: { partitions: known.length, toFetch } satisfies Lag });
}, lagMs);

const stop = async () => {
  await consumer.close();
  clearInterval(timer);
  clearInterval(lagTimer);
  flush();
  await maru.close();
  process.disconnect?.();
};
process.once("message", stop);
// Ctrl-C reaches both processes; the first one says when to stop.
process.on("SIGINT", () => {});
process.once("disconnect", () => process.exit(1));
await consumer.done;
