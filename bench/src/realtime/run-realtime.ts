import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Maru, text, user } from "@maru/client";
import { flushRedis } from "@maru/devstack";
import { dice } from "../chaos/plan.ts";
import { readLogs } from "../contention/read-logs.ts";
import { quantile } from "../measure/quantile.ts";
import { addToFingerprint, type Device, type DeviceCounts } from "./device.ts";
import { planRealtimeFaults, type RealtimeFault } from "./plan-realtime.ts";
import { openRealtimeWorld, type RealtimeSize, type RealtimeStack, type RealtimeWorld } from "./realtime-world.ts";
import { type TableReads, tableReads } from "./table-reads.ts";

export interface RealtimeOptions extends RealtimeSize {
  readonly seed: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface StormFindings {
  readonly sockets: number;
  readonly backAfterMs: number;
  readonly table: TableReads;
  readonly requestsPerRoom: number;
}

export interface RealtimeFindings {
  readonly sent: number;
  readonly sendFailures: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly delivered: number;
  readonly devices: DeviceCounts;
  /** Devices that never came to the end of their room's log, although all was well again. */
  readonly silentLosses: number;
  /** Devices that got something else than what the log holds, in its order. */
  readonly different: number;
  readonly unacknowledgedSends: number;
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly longest: number };
  readonly storm: StormFindings;
}

const tellEveryMs = 5_000;
const settleMs = 90_000;

/** Lets everything between the log and the sockets die at random, then holds what arrived against the log. */
export async function runRealtime(stack: RealtimeStack, options: RealtimeOptions): Promise<RealtimeFindings> {
  const { say, signal } = options;
  const random = dice(options.seed);
  await using world = await openRealtimeWorld(stack, options, random, say);
  say(`connecting ${world.devices.length} sockets …`);
  await connectAll(world.devices);
  await until(() => world.devices.every(({ isFollowing }) => isFollowing), "not all sockets were welcomed", signal);
  const faults: Record<string, number> = {};
  const tally = { sent: 0, failures: 0 };
  const isOver = new AbortController();
  const sending = sendOn(world, options, tally, random, isOver.signal);
  const endMs = performance.now() + options.minutes * 60_000;
  let toldAtMs = 0;
  for (const fault of planRealtimeFaults(options.seed)) {
    await sleep(fault.afterMs, undefined, { signal });
    if (performance.now() > endMs) break;
    faults[fault.blow] = (faults[fault.blow] ?? 0) + 1;
    await strike(world, fault, random);
    if (performance.now() - toldAtMs < tellEveryMs) continue;
    toldAtMs = performance.now();
    say(
      `${tally.sent} sent; ${fault.blow}; ${world.devices.filter((one) => !one.isFollowing).length} sockets on their way`,
    );
  }
  isOver.abort();
  await sending;
  say("all is put right; waiting for what is late …");
  const storm = await storming(world, options);
  const logs = await readLogs(world.maru, world.roomIds);
  const lastSeqOf = (roomId: string) => logs.get(roomId)?.length ?? 0;
  const isBehind = (device: Device) => device.seq < lastSeqOf(device.roomId) || device.waitingSends > 0;
  await until(() => !world.devices.some(isBehind), undefined, signal);
  const later = await readLogs(world.maru, world.roomIds);
  return {
    sent: tally.sent,
    sendFailures: tally.failures,
    faults,
    delivered: world.delaysMs.length,
    devices: world.counts,
    silentLosses: world.devices.filter(({ seq, roomId }) => seq < (later.get(roomId)?.length ?? 0)).length,
    different: countDifferent(world.devices, later),
    unacknowledgedSends: world.devices.reduce((sum, { waitingSends }) => sum + waitingSends, 0),
    delayMs: {
      p50: quantile(world.delaysMs, 0.5),
      p99: quantile(world.delaysMs, 0.99),
      longest: Math.max(0, ...[quantile(world.delaysMs, 1)]),
    },
    storm,
  };
}

export function isKept(findings: RealtimeFindings): boolean {
  const { silentLosses, different, unacknowledgedSends, devices } = findings;
  return silentLosses + different + unacknowledgedSends + devices.repeats + devices.holes + devices.notRecovered === 0;
}

async function connectAll(devices: readonly Device[]): Promise<void> {
  for (let from = 0; from < devices.length; from += 50) {
    await Promise.all(devices.slice(from, from + 50).map((device) => device.connect()));
    await sleep(25);
  }
}

/** Half of the messages by calls, half over the sockets of members. */
async function sendOn(
  world: RealtimeWorld,
  { perSecond }: RealtimeOptions,
  tally: { sent: number; failures: number },
  random: () => number,
  over: AbortSignal,
): Promise<void> {
  const calls = new Set<Promise<void>>();
  for (let n = 0; !over.aborted; n++) {
    const device = world.devices[Math.floor(random() * world.devices.length)];
    if (device === undefined) return;
    tally.sent++;
    if (n % 2 === 0) device.send(`message ${n}`);
    else {
      const call = sendByCall(world.maru, world, device, `message ${n}`)
        .catch(() => void tally.failures++)
        .finally(() => calls.delete(call));
      calls.add(call);
    }
    await sleep((0.5 + random()) * (1_000 / perSecond));
  }
  await Promise.all(calls);
}

async function sendByCall(maru: Maru, world: RealtimeWorld, { roomId, userId }: Device, content: string) {
  const idempotencyKey = randomUUID();
  world.sent(idempotencyKey);
  await maru.messages.send({ roomId, actor: user(userId), content: text(content), idempotencyKey });
}

async function strike(
  world: RealtimeWorld,
  { blow, which, forMs }: RealtimeFault,
  random: () => number,
): Promise<void> {
  if (blow === "flush redis") return flushRedis(world.redisAddresses);
  if (blow === "cut sockets") {
    for (const device of world.devices) if (random() < which * 0.5) device.cut();
    return;
  }
  const nodes =
    blow === "kill server"
      ? world.servers
      : blow === "kill redis master"
        ? world.redisNodes.slice(0, 3)
        : world.gateways;
  const node = nodes[Math.floor(which * nodes.length)];
  if (node === undefined) throw new Error("there is nothing to hit");
  if (blow === "pause gateway") {
    await node.kill("SIGSTOP");
    await sleep(forMs);
    await node.kill("SIGCONT");
  } else {
    await node.kill("SIGKILL");
    await sleep(forMs);
    await node.start();
  }
  await node.waitUntilHealthy();
}

/** All sockets are gone at once; they come back, and go on where they were. */
async function storming(world: RealtimeWorld, { signal, say }: RealtimeOptions): Promise<StormFindings> {
  await until(() => world.devices.every(({ isFollowing }) => isFollowing), "not all sockets came back", signal);
  say(`storm: ${world.devices.length} sockets are dropped at once`);
  const before = await tableReads(world.servers);
  const startedMs = performance.now();
  const resumes = new Map(world.devices.map((device) => [device, device.resumes]));
  for (const device of world.devices) device.cut();
  const isBack = (device: Device) => device.resumes > (resumes.get(device) ?? 0);
  await until(() => world.devices.every(isBack), "not all sockets came back", signal);
  const backAfterMs = performance.now() - startedMs;
  const table = (await tableReads(world.servers)).minus(before);
  return {
    sockets: world.devices.length,
    backAfterMs: Math.round(backAfterMs),
    table,
    requestsPerRoom: table.requests / world.roomIds.length,
  };
}

function countDifferent(devices: readonly Device[], logs: Awaited<ReturnType<typeof readLogs>>): number {
  const fingerprints = new Map<string, string>();
  for (const [roomId, log] of logs) fingerprints.set(roomId, log.reduce(addToFingerprint, ""));
  return devices.filter(({ roomId, fingerprint }) => fingerprint !== fingerprints.get(roomId)).length;
}

/** Without `otherwise` whoever asks looks for themselves what is not so. */
async function until(holds: () => boolean, otherwise: string | undefined, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + settleMs;
  while (!holds()) {
    if (performance.now() > endMs) {
      if (otherwise === undefined) return;
      throw new Error(otherwise);
    }
    await sleep(20, undefined, { signal });
  }
}
