// npm start: engines, tables, topics and one server with all roles, until Ctrl-C.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFleet } from "../servers/fleet.ts";
import { createDemoRoom, nextSteps } from "../servers/next-steps.ts";
import { portOr } from "../servers/port-or.ts";
import { announce, forget } from "../servers/running.ts";
import { startStack } from "../stack.ts";

const help = `usage: npm start -- [options]

Starts DynamoDB Local, Kafka and a Maru server with all roles on this machine's loopback, and prints how to call it.
Ctrl-C stops everything.

  --persist          keep the data in .maru/data over restarts (default: everything is forgotten)
  --brokers N        Kafka brokers, 1 or 3 (default 1)
  --grpc-port N      default 50051, or a free port when that is taken
  --http-port N      default 8080, or a free port when that is taken
  --help

Engines that run already are used instead of started: MARU_DYNAMODB_ENDPOINT, MARU_KAFKA_BROKERS.
`;

const { values } = parseArgs({
  options: {
    persist: { type: "boolean", default: false },
    brokers: { type: "string", default: "1" },
    "grpc-port": { type: "string" },
    "http-port": { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const stopped = untilStopped();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const dataDir = values.persist ? join(import.meta.dirname, "../../../../.maru/data") : undefined;
  say("starting DynamoDB Local and Kafka …");
  await using stack = await startStack({
    dynamodb: true,
    kafka: { brokers: values.brokers === "3" ? 3 : 1 },
    persist: values.persist,
    onProgress: say,
    ...(dataDir !== undefined && { dataDir }),
  });
  if (stack.dynamodb === undefined || stack.kafka === undefined) throw new Error("an engine is missing");
  await using fleet = await openFleet({ dynamodbEndpoint: stack.dynamodb.endpoint, brokers: stack.kafka.brokers });
  say("creating tables and topics …");
  await fleet.setUp();
  say("starting the server …");
  const server = await fleet.startServer({
    name: "server",
    grpcPort: await portOr(values["grpc-port"], 50_051),
    httpPort: await portOr(values["http-port"], 8080),
  });
  const token = await fleet.token("demo");
  const running = {
    pid: process.pid,
    grpcAddress: server.grpcAddress,
    httpAddress: server.httpAddress,
    brokers: stack.kafka.brokers,
    dynamodbEndpoint: stack.dynamodb.endpoint,
    token,
  };
  const roomId = await createDemoRoom(running);
  await announce(running);
  try {
    process.stdout.write(nextSteps(running, roomId, server.logFile));
    const why = await Promise.race([
      stopped,
      server.exited.then((how) => `the server ${how}; its log is ${server.logFile}`),
    ]);
    say(`\nstopping: ${why} …`);
  } finally {
    await forget(running);
    await server.stop();
  }
}

function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(signal));
  });
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
