import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, expect, inject, test, vi } from "vitest";
import { relayDeadLetters } from "../src/commands/relay-dead-letters.ts";
import { readConfig } from "../src/config.ts";
import { toItem } from "../src/store/items.ts";
import { createRelayWorld, put, type RelayWorld, until } from "./relay-world.ts";
import { textEntry } from "./store-fixtures.ts";

afterEach(() => {
  process.exitCode = undefined;
  vi.unstubAllEnvs();
});

test("who is on call sees what could not be read, mends the item, and has it handed on", async () => {
  await using world = await createRelayWorld(inject("stack").dynamodb.endpoint);
  world.start();
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "test");
  const Item = { room_id: { S: "a" }, sk: { S: "log#0000000002" }, type: { S: "message_sent" } };
  const putItem = (item: typeof Item) =>
    world.tables.client.send(new PutItemCommand({ TableName: world.tables.tableName, Item: item }));
  await put(world.store, "a", 1, 1);
  await putItem(Item);
  await put(world.store, "a", 3, 3);
  await until(
    () => world.events.length === 3 && world.deadLetters.length === 1,
    () => world.events.length,
  );

  const [shown, ...none] = await run(world, "show", "--room", "a", "--json");
  expect(none).toEqual([]);
  expect(JSON.parse(JSON.parse(shown ?? "").json).dynamodb.NewImage).toEqual(Item);
  expect(await run(world, "list", "--room", "b")).toEqual(["there is none"]);

  const unmended = await run(world, "redrive", "--room", "a", "--seq", "2");
  expect(unmended).toEqual([
    "a log#0000000002: not redriven: its item in the table cannot be read yet: it has no body",
  ]);
  expect(process.exitCode).toBe(1);

  await putItem(toItem(textEntry("a", 2)) as typeof Item);
  expect(await run(world, "redrive", "--all")).toEqual(["a log#0000000002: redriven"]);
  await until(
    () => world.events.length === 4,
    () => world.events.length,
  );
  expect(world.events[3]).toMatchObject({
    roomId: "a",
    seq: 2,
    event: { healed: true, entry: { type: "message_sent" } },
  });
  expect(await run(world, "list")).toEqual(["there is none"]);
});

test("a command that names nothing is refused before anything is asked", async () => {
  const refuse = (...args: string[]) =>
    relayDeadLetters(
      args,
      () => {
        throw new Error("the settings were read");
      },
      () => undefined,
    );
  await expect(refuse("close")).rejects.toThrow("close needs --room R");
  await expect(refuse("redrive", "--seq", "2")).rejects.toThrow("redrive needs --room R");
  await expect(refuse("mend", "--room", "a")).rejects.toThrow("mend is not a command");
  await expect(refuse("show", "--room", "a", "--seq", "two")).rejects.toThrow("--seq must be a number");
});

async function run({ tables, topics }: RelayWorld, ...args: string[]): Promise<string[]> {
  const { kafka, dynamodb } = inject("stack");
  const lines: string[] = [];
  const env = {
    MARU_ROLES: "relay",
    MARU_KAFKA_BROKERS: kafka.brokers.join(","),
    MARU_KAFKA_TOPIC: topics.roomEvents,
    MARU_KAFKA_READ_MARKERS_TOPIC: topics.readMarkers,
    MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: topics.deadLetters,
    MARU_DYNAMODB_ENDPOINT: dynamodb.endpoint,
    MARU_TABLE: tables.tableName,
    MARU_TOKEN_KEY: "0123456789abcdef0123456789abcdef",
  };
  await relayDeadLetters(
    args,
    () => readConfig(env),
    (line) => lines.push(line),
  );
  return lines;
}
