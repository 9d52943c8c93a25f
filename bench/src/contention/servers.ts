import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";

/** Server processes with the role api over one table of their own. */
export interface ApiServers extends AsyncDisposable {
  readonly servers: readonly ServerNode[];
  /** A client of all servers, or of those that are given. Ends with the servers. */
  connect(options?: { affinity?: boolean; servers?: readonly ServerNode[] }): Maru;
}

export async function startApiServers(dynamodbEndpoint: string, count: number): Promise<ApiServers> {
  await using starting = new AsyncDisposableStack();
  const env = {
    MARU_ROLES: "api",
    MARU_KAFKA_REPLICATION: "1",
    MARU_TABLE: scratchName("contention"),
    MARU_CONTROL_TABLE: scratchName("contention-control"),
  };
  const fleet = starting.use(await openFleet({ dynamodbEndpoint, brokers: [], env }));
  await fleet.setUp();
  const token = await fleet.token("contention");
  const servers: ServerNode[] = [];
  // One after the other: they share the machine, and each would only make the others slower.
  for (let n = 1; n <= count; n++) servers.push(await startServer(fleet, n));
  const started = starting.move();
  return {
    servers,
    connect: ({ affinity = true, servers: some = servers } = {}) =>
      // What is slow because others use the machine too shall not count as failed.
      started.use(connectMaru({ address: some.map((one) => one.grpcAddress), token, affinity, timeoutMs: 30_000 })),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function startServer(fleet: Fleet, n: number): Promise<ServerNode> {
  return fleet.startServer({ name: `api-${n}` });
}
