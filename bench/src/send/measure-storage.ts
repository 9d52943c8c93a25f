import { join } from "node:path";
import { startStack } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { processCpuMicros } from "../measure/process-cpu.ts";
import { nodeFlags, startWorker } from "../measure/worker.ts";
import type { Load, LoadResult } from "./load.ts";
import type { SideOrders } from "./side-orders.ts";

export type Storage = "memory" | "disk";
export type SideName = "maru" | "raw";

/** One round, with the CPU time that an operation took in each process. */
export interface Round extends LoadResult {
  /** By process; nothing for an engine that the bench did not start. */
  readonly cpuMicrosPerOperation: Readonly<Record<string, number>>;
}

export type Rounds = Readonly<Record<SideName, readonly Round[]>>;

/** Rounds that do not count: compilers, of JavaScript and of Java, take so long. */
const warmUpRounds = 2;

/** Runs both sides in turn over one table. */
export async function measureStorage(storage: Storage, plan: Load & { readonly rounds: number }): Promise<Rounds> {
  await using world = new AsyncDisposableStack();
  const stack = world.use(await startStack({ dynamodb: { storage } }));
  if (stack.dynamodb === undefined) throw new Error("the stack has no DynamoDB");
  const engine = stack.dynamodb.owned ? stack.dynamodb.node().pid : undefined;
  const fleet = world.use(
    await openFleet({
      dynamodbEndpoint: stack.dynamodb.endpoint,
      brokers: [],
      env: { MARU_ROLES: "api", ...tables() },
    }),
  );
  await fleet.setUp();
  const server = await fleet.startServer({ name: "api", env: { NODE_OPTIONS: nodeFlags.join(" ") } });
  const token = await fleet.token("bench");

  const start = async (file: string, processes: Record<string, number | undefined>) => {
    const worker = world.use(startWorker<SideOrders>(join(import.meta.dirname, file), fleet.env));
    await worker.ask("prepare", { address: server.grpcAddress, token, callers: plan.callers });
    return { worker, processes: { client: worker.pid, ...processes, engine }, rounds: [] as Round[] };
  };
  const sides = {
    raw: await start("raw-side.ts", {}),
    maru: await start("maru-side.ts", { server: server.pid }),
  };
  for (let round = 0; round < warmUpRounds + plan.rounds; round++) {
    for (const { worker, processes, rounds } of [sides.raw, sides.maru]) {
      const before = await cpuOf(processes);
      const result = await worker.ask("run", { callers: plan.callers, durationMs: plan.durationMs });
      const after = await cpuOf(processes);
      const cpuMicrosPerOperation = Object.fromEntries(
        Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / result.operations]),
      );
      if (round >= warmUpRounds) rounds.push({ ...result, cpuMicrosPerOperation });
    }
  }
  return { maru: sides.maru.rounds, raw: sides.raw.rounds };
}

async function cpuOf(processes: Record<string, number | undefined>): Promise<Record<string, number>> {
  const cpu: Record<string, number> = {};
  for (const [name, pid] of Object.entries(processes)) {
    if (pid !== undefined) cpu[name] = await processCpuMicros(pid);
  }
  return cpu;
}

/** Tables of its own, also on an engine that is there for others too. */
function tables(): Record<string, string> {
  const suffix = `${process.pid}-${Date.now().toString(36)}`;
  return { MARU_KAFKA_REPLICATION: "1", MARU_TABLE: `bench-${suffix}`, MARU_CONTROL_TABLE: `bench-control-${suffix}` };
}
