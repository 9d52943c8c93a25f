import { join } from "node:path";
import { startStack } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { processCpuMicros } from "../measure/process-cpu.ts";
import { nodeFlags, startWorker } from "../measure/worker.ts";
import type { Load, LoadResult } from "./load.ts";
import type { SideOrders } from "./side-orders.ts";

export type Storage = "memory" | "disk";

/** Both ways to SendMessage go through the same server; only the program that calls differs. */
export const sideNames = ["raw", "maru", "maru_client"] as const;
export type SideName = (typeof sideNames)[number];

/** One round, with the CPU time that an operation took in each process. */
export interface Round extends LoadResult {
  /** By process; nothing for an engine that the bench did not start. */
  readonly cpuMicrosPerOperation: Readonly<Record<string, number>>;
}

export type Rounds = Readonly<Record<SideName, readonly Round[]>>;

export interface SendPlan extends Load {
  readonly rounds: number;
  /** Each side does so many before the first round that counts: compilers, of JavaScript and of Java, take so long. */
  readonly warmUpOperations: number;
}

/** Runs the sides in turn over one table. */
export async function measureStorage(storage: Storage, plan: SendPlan): Promise<Rounds> {
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
    maru: await start("grpc-side.ts", { server: server.pid }),
    maru_client: await start("maru-side.ts", { server: server.pid }),
  };
  const inOrder = sideNames.map((name) => sides[name]);
  let done = 0;
  while (done < plan.warmUpOperations) {
    const warmUps = await inTurn(inOrder, ({ worker }) => worker.ask("run", plan));
    done += Math.min(...warmUps.map(({ operations }) => operations));
  }
  for (let round = 0; round < plan.rounds; round++) {
    await inTurn(inOrder, async ({ worker, processes, rounds }) => {
      const before = await cpuOf(processes);
      const result = await worker.ask("run", plan);
      const after = await cpuOf(processes);
      const cpuMicrosPerOperation = Object.fromEntries(
        Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / result.operations]),
      );
      rounds.push({ ...result, cpuMicrosPerOperation });
    });
  }
  return { raw: sides.raw.rounds, maru: sides.maru.rounds, maru_client: sides.maru_client.rounds };
}

async function inTurn<Side, Result>(
  sides: readonly Side[],
  measure: (side: Side) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const side of sides) results.push(await measure(side));
  return results;
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
