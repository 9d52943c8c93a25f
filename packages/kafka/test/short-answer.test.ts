import { startTcpProxy } from "@maru/devstack";
import { expect, test } from "vitest";
import { type ProducerOptions, ShortAnswerError, startProducer } from "../src/index.ts";
import { connection, message, newTopic, readAll, textOf } from "./cluster.ts";
import { isProduce, requestFrames, through, withoutPartitions } from "./produce-frames.ts";

/**
 * Sends three messages while the broker's answer to the second one lacks the partition, once. The request is known by its
 * text: counting requests would meet the first message again when the broker does not lead the new topic yet.
 */
async function sendThree(topic: string, more: Partial<ProducerOptions>): Promise<void> {
  const perConnection = new Map<number, (chunk: Buffer) => Buffer>();
  let shortened = false;
  const change = (frame: Buffer) => {
    if (shortened || !isProduce(frame) || !frame.includes("second")) return frame;
    shortened = true;
    return withoutPartitions(frame);
  };
  await using proxy = await startTcpProxy({
    target: connection().brokers[0] ?? "",
    onChunk(chunk, { from, connection: number }) {
      if (from === "upstream") return chunk;
      const frames = perConnection.get(number) ?? requestFrames(change);
      perConnection.set(number, frames);
      return frames(chunk);
    },
  });
  await using producer = await startProducer({ ...through(proxy, connection()), ...more });
  for (const text of ["first", "second", "third"]) await producer.send(topic, message("room", text));
}

test("a produce answer that lacks the partition is a failed send, and the message is sent again", async () => {
  const topic = await newTopic();
  const failures: unknown[] = [];
  await sendThree(topic, { onRetry: (error) => failures.push(error) });
  expect((await readAll(topic)).map(textOf)).toEqual(["first", "second", "third"]);
  expect(failures.filter((failure) => failure instanceof ShortAnswerError)).toHaveLength(1);
});

test("without the check of the answer the same message is acknowledged and lost", async () => {
  const topic = await newTopic();
  await sendThree(topic, { verifyAnswer: false });
  expect((await readAll(topic)).map(textOf)).toEqual(["first", "third"]);
});
