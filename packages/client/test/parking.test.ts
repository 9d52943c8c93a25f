import { committedOffsets, describeTopic, ensureTopic, TopicMismatchError, topicOffsets } from "@maru/kafka";
import { parkedTopic } from "@maru/protocol";
import { expect, inject, test } from "vitest";
import { listDeadLetters, redriveDeadLetters, subscribe } from "../src/events/index.ts";
import { seqsOf, startEventsTopic, tableOf } from "./events-topic.ts";

const { brokers } = inject("stack").kafka;
const connection = { brokers, clientId: "test" };
const deadline = { timeout: 20_000, interval: 20 };

test("a room is parked over a restart, pins no partition, and goes on in order after a redrive", async () => {
  await using topic = await startEventsTopic(brokers, 2);
  const { group } = topic.options;
  let isPoison = true;
  const seqs: number[] = [];
  const start = () =>
    subscribe(
      tableOf({ lastSeq: 5 }),
      { ...topic.options, onFailure: "park", retry: { maxAttempts: 2, firstBackoffMs: 1 }, onWarning: () => {} },
      {
        messageSent({ roomId, seq }) {
          if (isPoison && roomId === "a" && seq === 2) throw new Error("poison");
          if (roomId === "a") seqs.push(seq);
        },
      },
    );
  const isCommitted = async () => {
    const committed = await committedOffsets(connection, group, topic.topic);
    const held = await topicOffsets(connection, topic.topic);
    return held.every(({ partition, highOffset }) => (committed.get(partition) ?? 0n) === highOffset);
  };

  await topic.send([...seqsOf("a", 3), ...seqsOf("b", 3)]);
  const first = await start();
  await expect.poll(isCommitted, deadline).toBe(true);
  await first.close();
  expect(seqs).toEqual([1]);
  expect(await listDeadLetters({ brokers, group })).toMatchObject([
    { what: "room", state: "parked", roomId: "a", seq: 2, attemptCount: 2, error: "poison" },
  ]);
  expect(await describeTopic(connection, parkedTopic(group))).toMatchObject({
    partitionCount: 2,
    replicationFactor: 1,
    configs: { "cleanup.policy": "compact" },
  });

  await topic.send(seqsOf("a", 1, 4));
  await using _ = await start();
  await expect.poll(isCommitted, deadline).toBe(true);
  expect(seqs).toEqual([1]);
  isPoison = false;
  const redriven = await redriveDeadLetters({ brokers, group, all: true, wait: true });
  expect(redriven).toMatchObject({ requested: 1, done: 1, failedAgain: 0 });
  await topic.send(seqsOf("a", 2, 4)); // one that the table had, and the next
  await topic.send(seqsOf("a", 1, 6));
  await expect.poll(() => seqs, deadline).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a topic of dead letters that would forget is refused", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  const { group } = topic.options;
  await ensureTopic(connection, { topic: parkedTopic(group), partitionCount: 1, replicationFactor: 1 });
  const starting = subscribe(tableOf({ lastSeq: 1 }), { ...topic.options, onFailure: "park" }, { any: () => {} });
  await expect(starting).rejects.toThrow(TopicMismatchError);
});
