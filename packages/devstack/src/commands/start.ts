// npm start: engines, tables, topics, one server with all roles and the chat page, until Ctrl-C.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFleet } from "../servers/fleet.ts";
import { createDemoRoom, nextSteps } from "../servers/next-steps.ts";
import { portOr } from "../servers/port-or.ts";
import { announce, forget } from "../servers/running.ts";
import { startStack } from "../stack.ts";

const help = `usage: npm start -- [options]

Starts DynamoDB Local, Kafka, Redis, a Maru server with all roles and a chat page on this machine's loopback, and prints
how to call it and where the page is. Ctrl-C stops everything.

  --persist          keep the data in .maru/data over restarts (default: everything is forgotten; Redis is a cache, and is)
  --brokers N        Kafka brokers, 1 or 3 (default 1)
  --grpc-port N      default 50051, or a free port when that is taken
  --http-port N      default 8080, or a free port when that is taken
  --gateway-port N   where WebSockets connect: default 8081, or a free port when that is taken
  --page-port N      the chat page: default 8090, or a free port when that is taken
  --help

Engines that run already are used instead of started: MARU_DYNAMODB_ENDPOINT, MARU_KAFKA_BROKERS, MARU_REDIS_NODES.
`;

const { values } = parseArgs({
  options: {
    persist: { type: "boolean", default: false },
    brokers: { type: "string", default: "1" },
    "grpc-port": { type: "string" },
    "http-port": { type: "string" },
    "gateway-port": { type: "string" },
    "page-port": { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** The page is an example, and runs as a program of its own. */
const pageProgram = join(import.meta.dirname, "../../../../examples/web-chat/src/main.ts");

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const stopped = untilStopped();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const dataDir = values.persist ? join(import.meta.dirname, "../../../../.maru/data") : undefined;
  say("starting DynamoDB Local, Kafka and Redis …");
  await using stack = await startStack({
    dynamodb: true,
    kafka: { brokers: values.brokers === "3" ? 3 : 1 },
    redis: { masters: 1 },
    persist: values.persist,
    onProgress: say,
    ...(dataDir !== undefined && { dataDir }),
  });
  const { dynamodb, kafka, redis } = stack;
  if (dynamodb === undefined || kafka === undefined || redis === undefined) throw new Error("an engine is missing");
  await using fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    redisNodes: redis.nodes,
  });
  say("creating tables and topics …");
  await fleet.setUp();
  say("starting the server …");
  const gatewayPort = await portOr(values["gateway-port"], 8081);
  const pagePort = await portOr(values["page-port"], 8090);
  const server = await fleet.startServer({
    name: "server",
    grpcPort: await portOr(values["grpc-port"], 50_051),
    httpPort: await portOr(values["http-port"], 8080),
    gatewayPort,
    env: {
      MARU_GATEWAY_ORIGINS: ["127.0.0.1", "localhost"].map((host) => `http://${host}:${pagePort}`).join(","),
    },
  });
  say("starting the page …");
  const gatewayUrl = `ws://${server.gatewayAddress}`;
  const page = await fleet.startProgram({
    name: "page",
    file: pageProgram,
    httpPort: pagePort,
    env: {
      MARU_ADDRESS: server.grpcAddress,
      MARU_TOKEN: await fleet.token("web-chat"),
      MARU_GATEWAY_URL: gatewayUrl,
    },
  });
  const token = await fleet.token("demo");
  const running = {
    pid: process.pid,
    grpcAddress: server.grpcAddress,
    httpAddress: server.httpAddress,
    brokers: kafka.brokers,
    dynamodbEndpoint: dynamodb.endpoint,
    token,
  };
  const roomId = await createDemoRoom(running);
  await announce(running);
  try {
    const places = { logFile: server.logFile, gatewayUrl, pageUrl: `http://${page.httpAddress}` };
    process.stdout.write(nextSteps(running, roomId, places));
    const why = await Promise.race([
      stopped,
      ...[server, page].map(({ name, exited, logFile }) =>
        exited.then((how) => `the ${name} ${how}; its log is ${logFile}`),
      ),
    ]);
    say(`\nstopping: ${why} …`);
  } finally {
    await forget(running);
    await page.stop();
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
