import type { Kafka, Producer, ProducerRecord } from "kafkajs";
import { expect, test } from "vitest";
import { AttemptTimeoutError } from "./errors.ts";
import { failureKind } from "./failure.ts";
import { SessionPool } from "./session-pool.ts";

/** Producers of which the first one never answers. */
function hangingOnce(): { kafka: Kafka; disconnected: number[] } {
  let made = 0;
  const disconnected: number[] = [];
  const producer = (): Partial<Producer> => {
    const number = ++made;
    return {
      connect: async () => {},
      disconnect: async () => void disconnected.push(number),
      send: ({ topic }: ProducerRecord) =>
        number === 1
          ? new Promise(() => {})
          : Promise.resolve([{ topicName: topic, partition: 0, errorCode: 0, baseOffset: "7" }]),
    };
  };
  return { kafka: { producer } as unknown as Kafka, disconnected };
}

test("an attempt without any outcome fails, and the next one goes out through another producer", async () => {
  const { kafka, disconnected } = hangingOnce();
  const pool = new SessionPool(kafka, 1, true, 20);
  const at = { topic: "t", partition: 0 };
  const message = { partition: 0, key: "k", value: Buffer.from("v"), timestamp: "1" };
  const error = await pool.send(at, [message]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AttemptTimeoutError);
  expect(failureKind(error)).toBe("retry-anew");
  expect(await pool.send(at, [message])).toBe("7");
  expect(disconnected).toEqual([1]);
});
