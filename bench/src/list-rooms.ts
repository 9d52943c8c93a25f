import { parseArgs } from "node:util";
import { connectMaru, type Maru, user } from "@maru/client";
import { scratchName, startStack } from "@maru/devstack";
import { openFleet, type ServerNode } from "@maru/devstack/servers";
import { wholeNumber } from "./measure/options.ts";
import { quantile } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";
import { nodeFlags } from "./measure/worker.ts";
import { fillRooms } from "./page/fill-rooms.ts";

const userId = "user-00000002";
const warmUpLists = 5;

interface ListPlan {
  readonly rooms: number;
  readonly messages: number;
  readonly lists: number;
}

/**
 * The first page of the list of a user with many rooms: its latency, and what it asks of the table. By a server without Redis,
 * which walks through all rooms, and by one that finds them in the user's inbox; once with messages unread, once with none.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rooms: { type: "string", default: "500" },
      messages: { type: "string", default: "20" },
      lists: { type: "string", default: "100" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const plan = {
    rooms: wholeNumber("--rooms", values.rooms),
    messages: wholeNumber("--messages", values.messages),
    lists: wholeNumber("--lists", values.lists),
  };
  const conditions = circumstances();
  const figures = await measure(plan);
  process.stdout.write(`The first page of a list of ${plan.rooms} rooms with ${plan.messages} unread messages each, \
one call after the other; DynamoDB Local in memory

${table([
  ["rooms by", "unread", "lists", "p50 ms", "p99 ms", "requests each", "read units each"],
  ...Object.entries(figures).map(([name, one]) => [
    ...name.split("_"),
    String(plan.lists),
    one.p50_ms.toFixed(0),
    one.p99_ms.toFixed(0),
    one.requests_per_list.toFixed(0),
    one.read_units_per_list.toFixed(1),
  ]),
])}

`);
  await report(values.results, "list-rooms", { bench: "list-rooms", ...conditions, ...plan, ...figures });
}

async function measure(plan: ListPlan) {
  await using stack = await startStack({ dynamodb: { storage: "memory" }, redis: true });
  if (stack.dynamodb === undefined || stack.redis === undefined) throw new Error("the stack lacks an engine");
  const env = {
    MARU_ROLES: "api",
    MARU_KAFKA_REPLICATION: "1",
    MARU_TABLE: scratchName("list-rooms"),
    MARU_CONTROL_TABLE: scratchName("list-rooms-control"),
    NODE_OPTIONS: nodeFlags.join(" "),
  };
  await using fleet = await openFleet({ dynamodbEndpoint: stack.dynamodb.endpoint, brokers: [], env });
  await fleet.setUp();
  const token = await fleet.token("bench");
  const withoutRedis = await fleet.startServer({ name: "without-redis" });
  const withRedis = await fleet.startServer({
    name: "with-redis",
    env: { MARU_REDIS_NODES: stack.redis.nodes.join(",") },
  });
  await using cold = connectMaru({ address: withoutRedis.grpcAddress, token, timeoutMs: 60_000 });
  await using warm = connectMaru({ address: withRedis.grpcAddress, token, timeoutMs: 60_000 });
  const roomIds = await fillRooms(cold, fleet.env, { ...plan, userId });
  const walk_some = await measureLists(withoutRedis, cold, plan, plan.messages);
  const inbox_some = await measureLists(withRedis, warm, plan, plan.messages);
  for (const roomId of roomIds) await warm.reads.markRead({ roomId, actor: user(userId), seq: plan.messages + 1 });
  const inbox_none = await measureLists(withRedis, warm, plan, 0);
  return { walk_some, inbox_some, inbox_none };
}

async function measureLists(server: ServerNode, maru: Maru, plan: ListPlan, unread: number) {
  const list = async () => {
    const startedMs = performance.now();
    const { rooms } = await maru.rooms.list({ userId });
    if (rooms.length !== Math.min(50, plan.rooms)) throw new Error(`the list has ${rooms.length} rooms`);
    if (rooms[0]?.unread?.unreadCount !== unread) throw new Error("a room has another count of unread messages");
    return performance.now() - startedMs;
  };
  for (let n = 0; n < warmUpLists; n++) await list();
  const before = await taken(server);
  const latenciesMs: number[] = [];
  while (latenciesMs.length < plan.lists) latenciesMs.push(await list());
  const after = await taken(server);
  return {
    p50_ms: quantile(latenciesMs, 0.5),
    p99_ms: quantile(latenciesMs, 0.99),
    requests_per_list: (after.requests - before.requests) / plan.lists,
    read_units_per_list: (after.readUnits - before.readUnits) / plan.lists,
  };
}

/** Requests and read units of the table so far, by the server's own count; its readiness look is no request of a call. */
async function taken({ httpAddress }: ServerNode): Promise<{ requests: number; readUnits: number }> {
  const text = await (await fetch(`http://${httpAddress}/metrics`)).text();
  const sum = (line: RegExp) => [...text.matchAll(line)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    requests: sum(/^maru_store_requests_total\{[^}]*\} (\S+)$/gm),
    readUnits: sum(/^maru_store_units_total\{[^}]*kind="read"[^}]*\} (\S+)$/gm),
  };
}
