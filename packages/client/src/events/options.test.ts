import { kafkaBroker } from "@maru/kafka";
import { expect, test } from "vitest";
import type { Handlers } from "./handlers.ts";
import { refuseBadHandlers, toSettings } from "./options.ts";

const good = { brokers: ["localhost:9092"], group: "push" };

test("a group that is new begins at the oldest event, sixteen rooms at a time, on Maru's topic", () => {
  expect(toSettings(good)).toMatchObject({
    topic: "maru.room-events.v1",
    fromBeginning: true,
    onFailure: "park",
    maxInFlight: 16,
  });
});

test.each([
  ["brokers", { brokers: [] }],
  ["group", { group: "" }],
  ["topic", { topic: "" }],
  ["maxInFlight", { maxInFlight: 0 }],
  ["commitIntervalMs", { commitIntervalMs: -1 }],
  ["stallCheckMs", { stallCheckMs: 0 }],
  ["drainTimeoutMs", { drainTimeoutMs: Number.NaN }],
  ["onFailure", { onFailure: "ignore" as "skip" }],
  ["onOffsetLost", { onOffsetLost: "skip" as "heal" }],
  ["retry.maxAttempts", { retry: { maxAttempts: 0 } }],
])("a bad option is refused by name: %s", (name, bad) => {
  expect(() => toSettings({ ...good, ...bad })).toThrow(name);
});

test("brokers may be a Broker, which then has the connection's options to itself", () => {
  const broker = kafkaBroker({ brokers: ["localhost:9092"], clientId: "push" });
  expect(toSettings({ ...good, brokers: broker }).broker).toBe(broker);
  expect(() => toSettings({ ...good, brokers: broker, clientId: "me", ssl: true })).toThrow(
    "clientId, ssl must be given to the Broker",
  );
  expect(() => toSettings({ ...good, brokers: {} as typeof broker })).toThrow("brokers must be addresses");
});

test("handlers that no event could reach are refused", () => {
  expect(() => refuseBadHandlers({})).toThrow("there is no handler");
  expect(() => refuseBadHandlers({ messageSend: () => {} } as Handlers)).toThrow("no event is called messageSend");
  expect(() => refuseBadHandlers({ gap: 1 } as unknown as Handlers)).toThrow("gap must be a function");
});
