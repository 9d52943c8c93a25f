import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "@maru/devstack";
import { checkLogs, type LogFindings } from "../contention/check-logs.ts";
import { readLogs } from "../contention/read-logs.ts";
import { newTally } from "../contention/send-messages.ts";
import { compareTopic, type SeenEntry, type TopicFindings } from "../faults/compare-topic.ts";
import { readEvents, toSeenEntry } from "../faults/read-events.ts";
import { type ChaosWorld, openChaosWorld } from "./chaos-world.ts";
import { checkJournal, type JournalFindings } from "./check-journal.ts";
import { type ConsumerReport, sumReports } from "./consumer-report.ts";
import { type PlannedFault, planFaults, type Target } from "./plan.ts";
import { readJournal } from "./read-journal.ts";
import { type Conversation, openRooms, sendConversations } from "./send-conversations.ts";
import { strike } from "./strike.ts";
import { watchConsumers } from "./watch-consumers.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly conversations: readonly Conversation[];
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface ChaosFindings {
  readonly sent: number;
  readonly sendFailures: number;
  /** How often each thing was hit, and how. */
  readonly faults: Readonly<Record<string, number>>;
  readonly log: LogFindings;
  readonly topic: TopicFindings;
  readonly journal: JournalFindings;
  /** As far as the consumers lived to tell. */
  readonly consumers: ConsumerReport;
  /** The longest time in which no event came into the topic. */
  readonly longestSilenceMs: number;
}

const senderCount = 8;
const giveUpAfterSilenceMs = 120_000;

/** Starts all of it, runs it, and lets the logs stay when a promise was broken. */
export async function runChaos(stack: Stack, options: ChaosOptions): Promise<ChaosFindings> {
  await using world = await openChaosWorld(stack);
  try {
    const findings = await strikeAndCompare(world, options);
    if (!isKept(findings)) keepLogs(world, options);
    return findings;
  } catch (error) {
    if (!options.signal.aborted) keepLogs(world, options);
    throw error;
  }
}

function keepLogs(world: ChaosWorld, { seed, say }: ChaosOptions): void {
  world.keepLogs();
  say(`seed ${seed}: the logs stay in ${world.folder}`);
}

/** Lets faults happen while messages are sent and consumed, then holds table, topic and journal against each other. */
async function strikeAndCompare(world: ChaosWorld, options: ChaosOptions): Promise<ChaosFindings> {
  const { seed, minutes, perSecond, signal, say } = options;
  const userIds = Array.from({ length: senderCount }, (_, n) => `sender-${n}`);
  const rooms = await openRooms(world.direct, options.conversations, userIds);
  say(`seed ${seed}: ${rooms.size} rooms, ${senderCount} senders, ${minutes} minutes; logs in ${world.folder}`);

  const over = new AbortController();
  const settled = new AbortController();
  const tally = newTally();
  const reporting = watchConsumers(world.consumers, settled.signal);
  const stopEarly = () => over.abort();
  signal.addEventListener("abort", stopEarly, { once: true });
  const timer = setTimeout(() => over.abort(), minutes * 60_000);
  const faults: Record<string, number> = {};
  const sending = sendConversations({ maru: world.maru, rooms, userIds, perSecond }, tally, over.signal);
  const striking = strikeUntil(world, seed, over.signal, (fault) => {
    const name = `${fault.target} ${fault.blow}`;
    faults[name] = (faults[name] ?? 0) + 1;
    say(`${tally.sent.length} sent; ${name} for ${fault.forMs} ms`);
  });
  await Promise.all([sending, striking]).finally(() => {
    clearTimeout(timer);
    over.abort();
    signal.removeEventListener("abort", stopEarly);
  });
  signal.throwIfAborted();

  say(`${tally.sent.length} sent, ${tally.failures.length} failed; all is up again, the consumers finish`);
  const logs = await readLogs(world.direct, [...rooms.keys()]);
  const table = [...logs.values()].flat().map(toSeenEntry);
  const journal = await readUntilHandled(world, [...rooms.keys()], table, options);
  settled.abort();
  const events = await readEvents(world.connection, world.topic, signal);
  const times = events.map(({ arrivedAtMs }) => arrivedAtMs).sort((a, b) => a - b);
  return {
    sent: tally.sent.length,
    sendFailures: tally.failures.length,
    faults,
    log: checkLogs(logs, tally.sent),
    topic: compareTopic(table, events),
    journal: checkJournal(table, journal),
    consumers: sumReports((await reporting).values()),
    longestSilenceMs: times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? at)), 0),
  };
}

/** One fault after the other, some at once, never two on the same kind of thing; resolves when all are put right. */
async function strikeUntil(
  world: ChaosWorld,
  seed: number,
  signal: AbortSignal,
  tell: (fault: PlannedFault) => void,
): Promise<void> {
  const underWay = new Map<Target, Promise<void>>();
  const failed: unknown[] = [];
  for (const fault of planFaults(seed)) {
    await sleep(fault.afterMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || failed.length > 0) break;
    if (underWay.has(fault.target)) continue;
    tell(fault);
    const struck = strike(world, fault)
      .catch((error: unknown) => void failed.push(error))
      .finally(() => underWay.delete(fault.target));
    underWay.set(fault.target, struck);
  }
  await Promise.all(underWay.values());
  if (failed.length > 0) throw failed[0];
}

/** Waits while the journal grows and lacks something. */
async function readUntilHandled(
  { dynamodb, journalTable }: ChaosWorld,
  roomIds: readonly string[],
  table: readonly SeenEntry[],
  { signal, say }: ChaosOptions,
): Promise<SeenEntry[]> {
  let lines: SeenEntry[] = [];
  for (let quietSince = performance.now(); performance.now() - quietSince < giveUpAfterSilenceMs; ) {
    const read = await readJournal(dynamodb, journalTable, roomIds);
    if (read.length > lines.length) quietSince = performance.now();
    lines = read;
    if (checkJournal(table, lines).unhandled === 0) return lines;
    say(`${lines.length} of ${table.length} handled`);
    await sleep(2_000, undefined, { signal });
  }
  return lines;
}

/** Whether every promise was kept. Repeats, healed holes and silence are none of them. */
export function isKept({ sendFailures, log, topic, journal, consumers }: ChaosFindings): boolean {
  const inTable = log.holes + log.missing + log.doubled + log.unacknowledged;
  const inTopic = topic.missing + topic.outOfOrder + topic.different;
  const inJournal = journal.unhandled + journal.handledAgain + journal.handledOther;
  return sendFailures + inTable + inTopic + inJournal + consumers.gaps + consumers.parked === 0;
}
