import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { inject } from "vitest";

/** A server with the role api, over a table and a topic of its own. */
export interface FutureWorld extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly api: ServerNode;
  readonly maru: Maru;
  readonly tableName: string;
  /** Has one partition. */
  readonly topic: string;
}

export async function openFutureWorld(): Promise<FutureWorld> {
  await using opening = new AsyncDisposableStack();
  const { dynamodb, kafka } = inject("stack");
  const [tableName, topic] = [scratchName("future"), scratchName("future-events")];
  const env = {
    MARU_TABLE: tableName,
    MARU_CONTROL_TABLE: scratchName("future-control"),
    MARU_KAFKA_TOPIC: topic,
    MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("future-markers"),
    MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: scratchName("relay-dead-letters"),
    MARU_KAFKA_PARTITIONS: "1",
  };
  const fleet = opening.use(await openFleet({ dynamodbEndpoint: dynamodb.endpoint, brokers: kafka.brokers, env }));
  await fleet.setUp();
  const api = await fleet.startServer({ name: "api", env: { MARU_ROLES: "api" } });
  const maru = opening.use(connectMaru({ address: api.grpcAddress, token: await fleet.token("future") }));
  const opened = opening.move();
  return { fleet, api, maru, tableName, topic, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
