import { expect, test } from "vitest";
import { eventAges } from "./event-ages.ts";

const at = (ms: number) => new Date(1_000_000 + ms);
const ctx = { kafkaTimestamp: at(700), receivedAt: at(1_500), handledAt: at(3_500) };

test("an event's way is split by its stamps, and they add up", () => {
  const ages = eventAges({ committedAt: at(0), streamedAt: at(200), relayedAt: at(500) }, ctx);
  expect(ages).toEqual([
    ["commit_to_stream", 0.2],
    ["stream_to_relay", 0.3],
    ["relay_to_kafka", 0.2],
    ["kafka_to_consumer", 0.8],
    ["consumer_to_handler", 2],
    ["total", 3.5],
  ]);
});

test("a part whose stamps are missing is left out, and one that the clocks turn around is 0", () => {
  const ages = eventAges({ committedAt: at(900), streamedAt: undefined, relayedAt: at(800) }, ctx);
  expect(ages).toEqual([
    ["relay_to_kafka", 0],
    ["kafka_to_consumer", 0.8],
    ["consumer_to_handler", 2],
    ["total", 2.6],
  ]);
});
