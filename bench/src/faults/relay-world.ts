import { connectMaru, type Maru } from "@maru/client";
import { type Stack, scratchName, startStack } from "@maru/devstack";
import { openFleet, type ServerNode } from "@maru/devstack/servers";
import { ensureTopic, type KafkaConnection } from "@maru/kafka";

const partitionCount = 12;

/** A server, a relay and a client over a table and topics of their own, on three brokers. */
export interface RelayWorld extends AsyncDisposable {
  readonly stack: Stack;
  readonly relay: ServerNode;
  readonly maru: Maru;
  readonly connection: KafkaConnection;
  readonly topic: string;
}

/** DynamoDB and three brokers that may be killed: never those that the environment names. */
export function startChaosStack(onProgress?: (line: string) => void): Promise<Stack> {
  const env = { ...process.env, MARU_DYNAMODB_ENDPOINT: undefined, MARU_KAFKA_BROKERS: undefined };
  return startStack({ dynamodb: { storage: "memory" }, kafka: { brokers: 3 }, env, ...(onProgress && { onProgress }) });
}

export interface RelayWorldOptions {
  readonly replication?: number;
  /** Starts DynamoDB anew first, which must be of this run alone. */
  readonly forgetTables?: boolean;
}

export async function openRelayWorld(
  stack: Stack,
  { replication = 3, forgetTables = true }: RelayWorldOptions = {},
): Promise<RelayWorld> {
  await using opening = new AsyncDisposableStack();
  if (forgetTables) await emptyTables(stack);
  const brokers = stack.kafka?.brokers ?? [];
  const connection = { brokers, clientId: "chaos" };
  const topic = scratchName("room-events");
  const env = {
    MARU_TABLE: scratchName("chaos"),
    MARU_CONTROL_TABLE: scratchName("chaos-control"),
    MARU_KAFKA_TOPIC: topic,
    MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("read-markers"),
    MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: scratchName("relay-dead-letters"),
    MARU_KAFKA_PARTITIONS: String(partitionCount),
    MARU_KAFKA_REPLICATION: String(replication),
    MARU_RELAY_LEASE_MS: "2000",
    // Only what the run itself writes may be in the topic.
    MARU_CANARY_INTERVAL_MS: "0",
  };
  // As `setup` makes it, but for the brokers' own time on each record.
  const configs = {
    "min.insync.replicas": String(Math.min(2, replication)),
    "message.timestamp.type": "LogAppendTime",
  };
  await ensureTopic(connection, { topic, partitionCount, replicationFactor: replication, configs });
  const fleet = opening.use(await openFleet({ dynamodbEndpoint: stack.dynamodb?.endpoint ?? "", brokers, env }));
  await fleet.setUp();
  const api = await fleet.startServer({ name: "api", env: { MARU_ROLES: "api" } });
  const relay = await fleet.startServer({ name: "relay", env: { MARU_ROLES: "relay" } });
  const maru = opening.use(connectMaru({ address: api.grpcAddress, token: await fleet.token("chaos") }));
  const opened = opening.move();
  return { stack, relay, maru, connection, topic, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** DynamoDB Local gets slower with each table whose stream it has kept, dropped or not: in memory, a new start forgets them. */
async function emptyTables({ dynamodb }: Stack): Promise<void> {
  const node = dynamodb?.node();
  await node?.stop();
  await node?.start();
  await node?.waitUntilHealthy();
}
