import { parseArgs } from "node:util";
import { type Stack, startStack } from "@maru/devstack";
import { type BurstTimes, burstFigures } from "./burst/burst-figures.ts";
import { sendAtRate } from "./burst/send-at-rate.ts";
import { checkLogs } from "./contention/check-logs.ts";
import { readLogs } from "./contention/read-logs.ts";
import { createRooms, userNames } from "./contention/rooms.ts";
import { newTally, type Sending, type SendTally } from "./contention/send-messages.ts";
import { compareTopic } from "./faults/compare-topic.ts";
import { readUntilComplete } from "./faults/fault-run.ts";
import { type ReadEvent, toSeenEntry } from "./faults/read-events.ts";
import { openRelayWorld, type RelayWorld } from "./faults/relay-world.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";

interface BurstPlan {
  /** Messages a second, most of the time. */
  readonly usual: number;
  readonly factor: number;
  readonly seconds: number;
  /** How long at the usual rate before and after. */
  readonly around: number;
  readonly rooms: number;
  readonly writers: number;
}

/** What the relay makes of many times the usual rate: how far it falls behind, how soon it is back, and whether all arrives. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      usual: { type: "string", default: "50" },
      factor: { type: "string", default: "10" },
      seconds: { type: "string", default: "30" },
      around: { type: "string", default: "10" },
      rooms: { type: "string", default: "24" },
      writers: { type: "string", default: "80" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const plan = {
    usual: wholeNumber("--usual", values.usual),
    factor: wholeNumber("--factor", values.factor),
    seconds: wholeNumber("--seconds", values.seconds),
    around: wholeNumber("--around", values.around),
    rooms: wholeNumber("--rooms", values.rooms),
    writers: wholeNumber("--writers", values.writers),
  };
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const conditions = circumstances();
  await using stack = await startStack({ dynamodb: { storage: "memory" }, kafka: true });
  const figures = await measure(stack, plan, stop.signal);
  process.stdout.write(`${plan.usual} messages a second, for ${plan.seconds} s ${plan.factor} times as many, to ${plan.rooms} rooms; \
lag is from an entry's commit to its arrival in the topic, by the broker's clock

${table([
  ["", "messages/s", "lag p50 ms", "lag p99 ms", "most ms"],
  ["usual", plan.usual.toFixed(0), figures.usual_lag_p50_ms.toFixed(0), figures.usual_lag_p99_ms.toFixed(0), ""],
  [
    "burst",
    figures.burst_per_second.toFixed(0),
    figures.burst_lag_p50_ms.toFixed(0),
    "",
    figures.peak_lag_ms.toFixed(0),
  ],
])}

At most ${figures.peak_backlog} entries waited; ${figures.drain_ms.toFixed(0)} ms after the burst all of it had arrived.
${figures.kept ? "Nothing was lost, all came in order." : "A PROMISE WAS BROKEN: see missing, out of order, different and send failures."}

`);
  await report(values.results, "burst", { bench: "burst", ...conditions, ...plan, ...figures });
  if (!figures.kept) process.exitCode = 1;
}

async function measure(stack: Stack, plan: BurstPlan, signal: AbortSignal) {
  await using world = await openRelayWorld(stack, { replication: 1, forgetTables: false });
  const userIds = userNames(plan.writers);
  const roomIds = await createRooms(world.maru, plan.rooms, userIds);
  const tally = newTally();
  const sending: Sending = { maru: world.maru, roomIds, userIds };
  const at = async (perSecond: number, seconds: number): Promise<BurstTimes & { sent: number }> => {
    const [before, fromMs] = [tally.sent.length, Date.now()];
    process.stderr.write(`${perSecond} messages a second for ${seconds} s\n`);
    await sendAtRate(sending, tally, { perSecond, seconds, signal });
    signal.throwIfAborted();
    return { fromMs, toMs: Date.now(), sent: tally.sent.length - before };
  };
  await at(plan.usual, plan.around);
  const burst = await at(plan.usual * plan.factor, plan.seconds);
  await at(plan.usual, plan.around);
  return { ...(await compare(world, roomIds, tally, burst, signal)), ...rates(burst) };
}

function rates({ fromMs, toMs, sent }: BurstTimes & { sent: number }) {
  return { burst_sent: sent, burst_per_second: sent / ((toMs - fromMs) / 1000) };
}

async function compare(
  world: RelayWorld,
  roomIds: readonly string[],
  { sent, failures }: SendTally,
  burst: BurstTimes,
  signal: AbortSignal,
) {
  if (failures.length > 0) process.stderr.write(`the first of ${failures.length} sends that failed: ${failures[0]}\n`);
  process.stderr.write(`${sent.length} sent, table and topic are compared\n`);
  const logs = await readLogs(world.maru, roomIds);
  const inTable = [...logs.values()].flat().map(toSeenEntry);
  const events = await readUntilComplete(world, inTable.length, signal);
  const { missing, outOfOrder, different, repeats } = compareTopic(inTable, events);
  const log = checkLogs(logs, sent);
  const wrongInTable = log.holes + log.missing + log.doubled + log.unacknowledged;
  return {
    sent: sent.length,
    send_failures: failures.length,
    ...burstFigures(firstOf(events), burst),
    ...{ missing, out_of_order: outOfOrder, different, repeats, wrong_in_table: wrongInTable },
    kept: missing + outOfOrder + different + wrongInTable + failures.length === 0,
  };
}

function firstOf(events: readonly ReadEvent[]): ReadEvent[] {
  return [...new Map(events.toReversed().map((event) => [`${event.roomId}/${event.seq}`, event])).values()];
}
