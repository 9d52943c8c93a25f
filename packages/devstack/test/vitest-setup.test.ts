import { expect, inject, test } from "vitest";
import { rollShards, scratchName } from "../src/index.ts";
import { clusterState } from "../src/kafka/cluster-state.ts";
import { createStreamedTable } from "./dynamodb-call.ts";

test("a test file reaches the engines that the whole run shares", async () => {
  const { dynamodb, kafka } = inject("stack");
  expect(await createStreamedTable(dynamodb.endpoint, scratchName("shared"))).toContain("stream");
  if (dynamodb.controlEndpoint !== undefined) await rollShards(dynamodb.controlEndpoint);
  const port = Number(kafka.brokers[0]?.split(":")[1]);
  expect((await clusterState(port)).brokerIds.length).toBeGreaterThan(0);
});
