import { join } from "node:path";
import { connectMaru } from "@maru/client";
import { scratchName, startStack } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { processCpuMicros } from "../measure/process-cpu.ts";
import { nodeFlags, startWorker } from "../measure/worker.ts";
import type { Load, LoadResult } from "../send/load.ts";
import { fillRooms } from "./fill-rooms.ts";
import type { PageOrders } from "./page-orders.ts";

export const sideNames = ["raw", "cold", "cached"] as const;
export type SideName = (typeof sideNames)[number];

/** One round, with the CPU time that a page took in each process. */
export interface PageRound extends LoadResult {
  /** By process; nothing for an engine that the bench did not start. */
  readonly cpuMicrosPerPage: Readonly<Record<string, number>>;
}

export type PageRounds = Readonly<Record<SideName, readonly PageRound[]>>;

export interface PagePlan extends Load {
  readonly rounds: number;
  /** Each side reads so many before the first round that counts. */
  readonly warmUpPages: number;
}

const messagesInARoom = 200;

/** Runs the sides in turn over the same rooms: one server that may cache nothing, and one as it comes. */
export async function measurePages(plan: PagePlan): Promise<PageRounds> {
  await using world = new AsyncDisposableStack();
  const stack = world.use(await startStack({ dynamodb: { storage: "memory" } }));
  if (stack.dynamodb === undefined) throw new Error("the stack has no DynamoDB");
  const engine = stack.dynamodb.owned ? stack.dynamodb.node().pid : undefined;
  const env = {
    MARU_ROLES: "api",
    MARU_KAFKA_REPLICATION: "1",
    MARU_TABLE: scratchName("page"),
    MARU_CONTROL_TABLE: scratchName("page-control"),
    NODE_OPTIONS: nodeFlags.join(" "),
  };
  const fleet = world.use(await openFleet({ dynamodbEndpoint: stack.dynamodb.endpoint, brokers: [], env }));
  await fleet.setUp();
  const cold = await fleet.startServer({ name: "cold", env: { MARU_CACHE_BYTES: "1" } });
  const cached = await fleet.startServer({ name: "cached" });
  const token = await fleet.token("bench");
  const maru = world.use(connectMaru({ address: cached.grpcAddress, token, timeoutMs: 30_000 }));
  const roomIds = await fillRooms(maru, fleet.env, { rooms: plan.callers, messages: messagesInARoom, userId: "ann" });

  const start = async (file: string, address: string, processes: Record<string, number | undefined>) => {
    const worker = world.use(startWorker<PageOrders>(join(import.meta.dirname, file), fleet.env));
    await worker.ask("prepare", { address, token, roomIds });
    return { worker, processes: { client: worker.pid, ...processes, engine }, rounds: [] as PageRound[] };
  };
  const sides = {
    raw: await start("query-side.ts", "", {}),
    cold: await start("service-side.ts", cold.grpcAddress, { server: cold.pid }),
    cached: await start("service-side.ts", cached.grpcAddress, { server: cached.pid }),
  };
  for (let done = 0; done < plan.warmUpPages; ) {
    const pages: number[] = [];
    for (const name of sideNames) pages.push((await sides[name].worker.ask("run", plan)).operations);
    done += Math.min(...pages);
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of sideNames) {
      const { worker, processes, rounds } = sides[name];
      const before = await cpuOf(processes);
      const result = await worker.ask("run", plan);
      const after = await cpuOf(processes);
      const perPage = Object.entries(after).map(([process, micros]) => {
        return [process, (micros - (before[process] ?? 0)) / result.operations] as const;
      });
      rounds.push({ ...result, cpuMicrosPerPage: Object.fromEntries(perPage) });
    }
  }
  return { raw: sides.raw.rounds, cold: sides.cold.rounds, cached: sides.cached.rounds };
}

async function cpuOf(processes: Record<string, number | undefined>): Promise<Record<string, number>> {
  const cpu: Record<string, number> = {};
  for (const [name, pid] of Object.entries(processes)) {
    if (pid !== undefined) cpu[name] = await processCpuMicros(pid);
  }
  return cpu;
}
