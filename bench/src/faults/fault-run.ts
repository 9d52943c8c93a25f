import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "@maru/devstack";
import { checkLogs, type LogFindings } from "../contention/check-logs.ts";
import { readLogs } from "../contention/read-logs.ts";
import { createRooms, userNames } from "../contention/rooms.ts";
import { newTally, sendMessages } from "../contention/send-messages.ts";
import { compareTopic, type TopicFindings } from "./compare-topic.ts";
import type { Fault } from "./faults.ts";
import { eventCount, type ReadEvent, readEvents, toSeenEntry } from "./read-events.ts";
import { openRelayWorld, type RelayWorld } from "./relay-world.ts";

/** What came of the sends, the table and the topic of one run. */
export interface FaultFindings extends LogFindings {
  readonly sent: number;
  readonly sendFailures: number;
  readonly topic: TopicFindings;
  /** The longest time in which no event arrived, from the first to the last. */
  readonly longestSilenceMs: number;
  /** The longest time from an entry's commit to its first event's arrival. */
  readonly longestDelayMs: number;
}

export interface FaultRun {
  /** At least so many messages are sent; more, if the fault takes longer than they do. */
  readonly sends: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const giveUpAfterSilenceMs = 60_000;

/** Sends messages to 24 rooms, lets the fault happen in the middle of that, and compares the topic with the table. */
export async function runFault(stack: Stack, fault: Fault, run: FaultRun): Promise<FaultFindings> {
  const { signal, say } = run;
  await using world = await openRelayWorld(stack);
  const { maru } = world;
  const userIds = userNames(16);
  const roomIds = await createRooms(maru, 24, userIds);
  signal.throwIfAborted();

  const tally = newTally();
  const sending = { maru, roomIds, userIds };
  const before = Math.floor(run.sends * 0.3);
  const perSecond = fault.sendsPerSecond;
  await sendMessages(sending, tally, { perSecond: 500, more: (begun) => begun < before && !signal.aborted });
  say(`${tally.sent.length} sent, ${fault.title}`);
  let over = false;
  const happening = fault.run(world, signal).finally(() => {
    over = true;
  });
  const [happened] = await Promise.allSettled([
    happening,
    sendMessages(sending, tally, { perSecond, more: () => !over }),
  ]);
  if (happened.status === "rejected") throw happened.reason;
  say(`${tally.sent.length} sent, all is up again`);
  const left = run.sends - tally.sent.length - tally.failures.length;
  await sendMessages(sending, tally, { perSecond: 500, more: (begun) => begun < left && !signal.aborted });

  const logs = await readLogs(maru, roomIds);
  const table = [...logs.values()].flat().map(toSeenEntry);
  say(`${tally.sent.length} sent, the topic is read`);
  const events = await readUntilComplete(world, table.length, signal);
  return {
    ...checkLogs(logs, tally.sent),
    sent: tally.sent.length,
    sendFailures: tally.failures.length,
    topic: compareTopic(table, events),
    longestSilenceMs: longestSilenceMs(events),
    longestDelayMs: longestDelayMs(events),
  };
}

/** Reads the topic when it holds enough events, and again while more arrive and some are still missing. */
export async function readUntilComplete(world: RelayWorld, entries: number, signal: AbortSignal): Promise<ReadEvent[]> {
  const { connection, topic } = world;
  let held = 0;
  let events: ReadEvent[] = [];
  for (let quietSince = performance.now(); performance.now() - quietSince < giveUpAfterSilenceMs; ) {
    const count = await eventCount(connection, topic);
    if (count > held) quietSince = performance.now();
    if (count > held && count >= entries) {
      events = await readEvents(connection, topic, signal);
      if (new Set(events.map(({ roomId, seq }) => `${roomId}/${seq}`)).size >= entries) return events;
    }
    held = count;
    await sleep(500, undefined, { signal });
  }
  return readEvents(connection, topic, signal);
}

function longestSilenceMs(events: readonly ReadEvent[]): number {
  const times = events.map(({ arrivedAtMs }) => arrivedAtMs).sort((a, b) => a - b);
  return times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? at)), 0);
}

function longestDelayMs(events: readonly ReadEvent[]): number {
  const first = new Map<string, number>();
  for (const { roomId, seq, arrivedAtMs, committedAtMs } of events) {
    const name = `${roomId}/${seq}`;
    if (!first.has(name)) first.set(name, arrivedAtMs - committedAtMs);
  }
  return [...first.values()].reduce((longest, delay) => Math.max(longest, delay), 0);
}
