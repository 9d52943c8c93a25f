// A consumer that writes a line into a journal for each event that it handles, in the transaction that stores its position.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { connectMaru } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { dynamodbPositions } from "@maru/client/events/dynamodb";
import { ConnectError } from "@maru/kafka";
import { toSeenEntry } from "../faults/read-events.ts";
import { type ConsumerReport, startReport } from "./consumer-report.ts";

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
/** The port of the proxy before each broker's port. */
const proxies = new Map<number, number>(JSON.parse(setting("CHAOS_BROKER_PROXIES")));
const journalTable = setting("CHAOS_JOURNAL_TABLE");
const client = new DynamoDBClient({ endpoint: setting("MARU_DYNAMODB_ENDPOINT"), region: "eu-central-1" });
const report = startReport();

await using maru = connectMaru({ address: setting("CHAOS_ADDRESSES").split(","), token: setting("CHAOS_TOKEN") });
const start = () =>
  subscribe(
    maru,
    {
      brokers: setting("MARU_KAFKA_BROKERS").split(","),
      topic: setting("MARU_KAFKA_TOPIC"),
      group: setting("CHAOS_GROUP"),
      positions: dynamodbPositions({ client, tableName: setting("CHAOS_POSITIONS_TABLE") }),
      sessionTimeoutMs: 6_000,
      socketFactory: ({ host, port, onConnect }) => connect({ host, port: proxies.get(port) ?? port }, onConnect),
      onWarning: (warning) => {
        report.warned(warning);
        process.stderr.write(`${new Date().toISOString()} ${warning.code}: ${warning.message}\n`);
      },
      metrics: report.metrics,
    },
    {
      gap: (gap) => report.gap(gap),
      any: (event, { tx }) => {
        const { roomId, seq, fingerprint } = toSeenEntry(event.entry);
        tx.put({
          TableName: journalTable,
          Item: {
            pk: { S: roomId },
            sk: { S: randomUUID() },
            seq: { N: String(seq) },
            fingerprint: { S: fingerprint },
          },
        });
        report.handled();
      },
    },
  );
/** The brokers may be away just when this consumer is started again. Whoever runs one has something that starts it again. */
async function startedAgain() {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      process.stderr.write(`${new Date().toISOString()} not started: ${error.message}\n`);
      await sleep(500);
    }
  }
}
await using consumer = await startedAgain();

const [host = "", port = ""] = setting("MARU_HTTP_ADDRESS").split(":");
const server = createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(report.soFar satisfies ConsumerReport));
});
server.listen(Number(port), host);
process.once("SIGTERM", () => consumer.close());
await consumer.done;
server.close();
