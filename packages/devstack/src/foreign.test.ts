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
  expect(() => foreignEngines({ MARU_TRINO_URL: "127.0.0.1:8080" })).toThrow(
    'MARU_TRINO_URL must be an address like http://127.0.0.1:8080, not "127.0.0.1:8080".',
  );
  expect(() => foreignEngines({ MARU_OBJECT_STORE_ENDPOINT: "s3" })).toThrow(/^MARU_OBJECT_STORE_ENDPOINT must be/);
  expect(() => foreignEngines({ MARU_REDIS_NODES: "redis://a:1" })).toThrow(/^MARU_REDIS_NODES must be/);
});

test("an object store elsewhere has the keys of a stack's own unless others are given", () => {
  const MARU_OBJECT_STORE_ENDPOINT = "http://127.0.0.1:7070/";
  const plain = { endpoint: "http://127.0.0.1:7070", region: "us-east-1", accessKeyId: "test" };
  expect(foreignEngines({ MARU_OBJECT_STORE_ENDPOINT }).objectStore).toEqual({
    ...plain,
    secretAccessKey: "testtest",
    folder: undefined,
  });
  const keys = { MARU_OBJECT_STORE_ACCESS_KEY: "me", MARU_OBJECT_STORE_SECRET_KEY: "mine" };
  const given = { MARU_OBJECT_STORE_ENDPOINT, ...keys, MARU_OBJECT_STORE_FOLDER: "/srv/lake" };
  expect(foreignEngines(given).objectStore).toEqual({
    ...plain,
    accessKeyId: "me",
    secretAccessKey: "mine",
    folder: "/srv/lake",
  });
});

test("the port of an endpoint without one follows from its scheme", () => {
  expect(hostPortOf("https://dynamodb.example.com")).toBe("dynamodb.example.com:443");
  expect(hostPortOf("http://127.0.0.1:8000")).toBe("127.0.0.1:8000");
});
