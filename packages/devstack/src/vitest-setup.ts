import type { TestProject } from "vitest/node";
import { startStack } from "./stack.ts";

/** Addresses of the engines that all test files share: `inject("stack")`. */
export interface SharedStack {
  dynamodb: {
    endpoint: string;
    region: string;
    /** For `rollShards(controlEndpoint)`; undefined where MARU_DYNAMODB_ENDPOINT names the engine. */
    controlEndpoint: string | undefined;
  };
  kafka: { brokers: string[] };
}

declare module "vitest" {
  interface ProvidedContext {
    stack: SharedStack;
  }
}

/** vitest's globalSetup: one DynamoDB Local in memory and one Kafka broker for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { dynamodb, kafka, close } = await startStack({
    dynamodb: { storage: "memory" },
    kafka: { brokers: 1 },
    onProgress: (line) => console.error(line),
  });
  if (dynamodb === undefined || kafka === undefined) throw new Error("The stack lacks an engine that was asked for.");
  const { endpoint, region, controlEndpoint } = dynamodb;
  project.provide("stack", { dynamodb: { endpoint, region, controlEndpoint }, kafka: { brokers: kafka.brokers } });
  return close;
}
