import { expect, test } from "vitest";
import { foreignEngines, hostPortOf } from "./foreign.ts";

test("addresses come from the environment, and empty variables count as absent", () => {
  const env = { MARU_DYNAMODB_ENDPOINT: "http://db:8000/", MARU_KAFKA_BROKERS: "a:1, b:2", MARU_REDIS_NODES: "" };
  expect(foreignEngines(env)).toEqual({
    dynamodbEndpoint: "http://db:8000",
    kafkaBrokers: ["a:1", "b:2"],
    redisNodes: undefined,
  });
});

test("an address that cannot be one is refused by the name of its variable", () => {
  expect(() => foreignEngines({ MARU_DYNAMODB_ENDPOINT: "127.0.0.1:8000" })).toThrow(/^MARU_DYNAMODB_ENDPOINT must be/);
  expect(() => foreignEngines({ MARU_KAFKA_BROKERS: "a:1,b" })).toThrow(
    /^MARU_KAFKA_BROKERS must be .*"b" is no host:port/,
  );
  expect(() => foreignEngines({ MARU_REDIS_NODES: "redis://a:1" })).toThrow(/^MARU_REDIS_NODES must be/);
});

test("the port of an endpoint without one follows from its scheme", () => {
  expect(hostPortOf("https://dynamodb.example.com")).toBe("dynamodb.example.com:443");
  expect(hostPortOf("http://127.0.0.1:8000")).toBe("127.0.0.1:8000");
});
