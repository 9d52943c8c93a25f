import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { connectMaru, type Maru } from "@maru/client";
import { ensurePositionsTable } from "@maru/client/events/dynamodb";
import { type NodeHandle, type Stack, scratchName, startTcpProxy, type TcpProxy } from "@maru/devstack";
import { openFleet, type ProgramNode, type ServerNode } from "@maru/devstack/servers";
import { ensureTopic, type KafkaConnection } from "@maru/kafka";

const partitionCount = 12;

/** Everything that a chaos run starts: two of each kind, three brokers, and proxies on the ways between them. */
export interface ChaosWorld extends AsyncDisposable {
  readonly stack: Stack;
  readonly servers: readonly ServerNode[];
  readonly relays: readonly ServerNode[];
  readonly consumers: readonly ProgramNode[];
  readonly brokers: readonly NodeHandle[];
  /** Before the servers, the table, and the brokers as consumers reach them. */
  readonly proxies: readonly TcpProxy[];
  /** A client that goes through the proxies, and one that does not. */
  readonly maru: Maru;
  readonly direct: Maru;
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly group: string;
  readonly journalTable: string;
  /** Of the table, without a proxy. */
  readonly dynamodb: DynamoDBClient;
  /** Where the logs of the processes are, until the end. */
  readonly folder: string;
  /** Lets the logs stay at the end. */
  keepLogs(): void;
}

export async function openChaosWorld(stack: Stack): Promise<ChaosWorld> {
  await using opening = new AsyncDisposableStack();
  const { dynamodb: table, kafka } = stack;
  if (table === undefined || kafka === undefined) throw new Error("the stack lacks an engine");
  const proxy = async (target: string) => opening.use(await startTcpProxy({ target }));
  const tableProxy = await proxy(new URL(table.endpoint).host);
  const brokerProxies = await Promise.all(kafka.brokers.map(proxy));
  const brokers = [...kafka.brokers];
  const connection = { brokers, clientId: "chaos" };
  const topic = scratchName("room-events");
  const group = scratchName("chaos");
  const [journalTable, positionsTable] = [scratchName("journal"), scratchName("positions")];
  const configs = { "min.insync.replicas": "2", "message.timestamp.type": "LogAppendTime" };
  await ensureTopic(connection, { topic, partitionCount, replicationFactor: 3, configs });

  const env = {
    MARU_TABLE: scratchName("chaos"),
    MARU_CONTROL_TABLE: scratchName("chaos-control"),
    MARU_KAFKA_TOPIC: topic,
    MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("read-markers"),
    MARU_KAFKA_PARTITIONS: String(partitionCount),
    MARU_RELAY_LEASE_MS: "2000",
  };
  const fleet = opening.use(await openFleet({ dynamodbEndpoint: `http://${tableProxy.address}`, brokers, env }));
  await fleet.setUp();
  const dynamodb = opening.adopt(localClient(table.endpoint), async (client) => client.destroy());
  await createJournal(dynamodb, journalTable);
  await ensurePositionsTable({ client: dynamodb, tableName: positionsTable });

  const start = (name: string, role: string) => fleet.startServer({ name, env: { MARU_ROLES: role } });
  const servers = [await start("api-1", "api"), await start("api-2", "api")];
  const relays = [await start("relay-1", "relay"), await start("relay-2", "relay")];
  const serverProxies = await Promise.all(servers.map(({ grpcAddress }) => proxy(grpcAddress)));
  const token = await fleet.token("chaos");
  const proxied = serverProxies.map(({ address }) => address);
  const portOf = (address: string) => Number(address.split(":")[1]);
  const consumerEnv = {
    CHAOS_ADDRESSES: proxied.join(","),
    CHAOS_TOKEN: token,
    CHAOS_GROUP: group,
    CHAOS_JOURNAL_TABLE: journalTable,
    CHAOS_POSITIONS_TABLE: positionsTable,
    CHAOS_BROKER_PROXIES: JSON.stringify(brokers.map((one, index) => [portOf(one), brokerProxies[index]?.port])),
  };
  const file = join(import.meta.dirname, "consumer-main.ts");
  const consume = (name: string) => fleet.startProgram({ name, file, env: consumerEnv });
  const consumers = [await consume("consumer-1"), await consume("consumer-2")];
  const maru = opening.use(connectMaru({ address: proxied, token }));
  const direct = opening.use(connectMaru({ address: servers.map(({ grpcAddress }) => grpcAddress), token }));
  const opened = opening.move();
  return {
    stack,
    servers,
    relays,
    consumers,
    brokers: [1, 2, 3].map((id) => kafka.node(id)),
    proxies: [...serverProxies, tableProxy, ...brokerProxies],
    maru,
    direct,
    connection,
    topic,
    group,
    journalTable,
    dynamodb,
    folder: fleet.folder,
    keepLogs: fleet.keepLogs,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function localClient(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint, region: "eu-central-1", credentials });
}

/** Its sort key is random, so that it would hold a line twice. */
async function createJournal(client: DynamoDBClient, TableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
    }),
  );
}
