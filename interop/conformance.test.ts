import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Stack, scratchName, startStack } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { allCases } from "../packages/server/test/conformance/all-cases.ts";
import { wireNames } from "../packages/server/test/conformance/wires.ts";
import { root } from "../scripts/published.ts";

const run = promisify(execFile);
let redis: Stack;
let fleet: Fleet;
let server: ServerNode;

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  const table = scratchName("conformance");
  redis = await startStack({ redis: true });
  fleet = await openFleet({
    redisNodes: redis.redis?.nodes ?? [],
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    env: {
      MARU_TABLE: table,
      MARU_CONTROL_TABLE: `${table}-control`,
      MARU_ROLES: "api",
      MARU_KAFKA_TOPIC: table,
      MARU_KAFKA_READ_MARKERS_TOPIC: `${table}-read`,
      MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: `${table}-dead`,
    },
  });
  await fleet.setUp();
  server = await fleet.startServer({ name: "server" });
});

afterAll(async () => {
  await fleet?.close();
  await redis?.close();
});

test("a server with the limits that it has by itself passes every case, over all wires", {
  timeout: 300_000,
}, async () => {
  const address = ["--grpc", server.grpcAddress, "--http", `http://${server.httpAddress}`];
  const env = {
    ...process.env,
    MARU_TOKEN: await fleet.token("conformance"),
    MARU_OTHER_TOKEN: await fleet.token("others"),
  };
  // It is rejected for any exit code but 0.
  const { stdout } = await run("npm", ["run", "conformance", "--", ...address], { cwd: root, env });
  const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  const cases = allCases.length;
  expect(report).toMatchObject({ cases, wires: wireNames.length, passed: cases * wireNames.length, failures: [] });
});

test("without an address or without tokens it asks nothing, and says what it needs", async () => {
  const { MARU_TOKEN: _one, MARU_OTHER_TOKEN: _other, ...env } = process.env;
  const conformance = (...args: string[]) => run("npm", ["run", "conformance", "--", ...args], { cwd: root, env });
  await expect(conformance()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("--grpc host:port") });
  const address = ["--grpc", server.grpcAddress, "--http", `http://${server.httpAddress}`];
  await expect(conformance(...address)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("MARU_TOKEN and MARU_OTHER_TOKEN"),
  });
});
