import { expect, test } from "vitest";
import { kafkaProperties } from "./kafka-properties.ts";

const ports = [
  { broker: 1, controller: 2 },
  { broker: 3, controller: 4 },
  { broker: 5, controller: 6 },
];

test("a node of three listens on loopback only, replicates to all and wants two in sync", () => {
  const lines = kafkaProperties({ nodeId: 2, ports, dataFolder: "/data" }).split("\n");
  expect(lines).toContain("listeners=PLAINTEXT://127.0.0.1:3,CONTROLLER://127.0.0.1:4");
  expect(lines).toContain("controller.quorum.voters=1@127.0.0.1:2,2@127.0.0.1:4,3@127.0.0.1:6");
  expect(lines).toContain("default.replication.factor=3");
  expect(lines).toContain("min.insync.replicas=2");
});

test("a single node asks for one replica", () => {
  const lines = kafkaProperties({ nodeId: 1, ports: ports.slice(0, 1), dataFolder: "/data" }).split("\n");
  expect(lines).toContain("offsets.topic.replication.factor=1");
  expect(lines).toContain("min.insync.replicas=1");
});

test("a node without ports is a range error", () => {
  expect(() => kafkaProperties({ nodeId: 4, ports, dataFolder: "/data" })).toThrow(RangeError);
});
