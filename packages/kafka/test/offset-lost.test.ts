import { scratchName } from "@maru/devstack";
import kafkajs from "kafkajs";
import { expect, test } from "vitest";
import {
  type ConsumerOptions,
  committedOffsets,
  type OffsetLostError,
  type PartitionClaim,
  startConsumer,
  startProducer,
} from "../src/index.ts";
import { connection, message, newTopic, textOf } from "./cluster.ts";

const patient = { timeout: 20_000 };

async function sendTexts(topic: string, from: number, to: number): Promise<void> {
  await using producer = await startProducer(connection());
  const texts = Array.from({ length: to - from }, (_, i) => message("k", String(from + i)));
  await producer.sendAll(topic, texts);
}

/** What retention does, at once: everything before `offset` is gone. */
async function forgetBefore(topic: string, offset: number): Promise<void> {
  const admin = new kafkajs.Kafka({ ...connection(), logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // loads the metadata that the next call needs
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  await admin.disconnect();
}

function consume(topic: string, groupId: string, more: Partial<ConsumerOptions>) {
  const options = { ...connection(), groupId, topics: [topic], fromBeginning: true, onBatch: () => {}, ...more };
  return startConsumer(options);
}

/** A group that committed offset 2 of ten, of which those before 5 are then lost. */
async function groupBehind(topic: string): Promise<string> {
  const group = scratchName("group");
  await sendTexts(topic, 0, 10);
  const driver = await consume(topic, group, { onBatch: (claim) => claim.commit(2n).then(() => {}) });
  await expect.poll(() => committedOffsets(connection(), group, topic), patient).toEqual(new Map([[0, 2n]]));
  await driver.close();
  await forgetBefore(topic, 5);
  return group;
}

test("a committed offset that is gone ends the consumer with a typed error, and stays committed", async () => {
  const topic = await newTopic(1);
  const group = await groupBehind(topic);
  const driver = await consume(topic, group, {});
  await expect(driver.closed).rejects.toMatchObject({
    name: "OffsetLostError",
    topic,
    partition: 0,
    offset: 2n,
    lowOffset: 5n,
    highOffset: 10n,
  });
  expect(await committedOffsets(connection(), group, topic)).toEqual(new Map([[0, 2n]]));
});

test("a consumer that says where to go on does so", async () => {
  const topic = await newTopic(1);
  const group = await groupBehind(topic);
  const seen: string[] = [];
  const driver = await consume(topic, group, {
    onOffsetLost: async (lost) => lost.lowOffset,
    onBatch: (_claim, records) => void seen.push(...records.map(textOf)),
  });
  await expect.poll(() => seen, patient).toEqual(["5", "6", "7", "8", "9"]);
  await driver.close();
});

test("an offset that is lost while the consumer runs is noticed, too, and nothing is reset in silence", async () => {
  const topic = await newTopic(1);
  const group = scratchName("group");
  await sendTexts(topic, 0, 3);
  let claim: PartitionClaim | undefined;
  const seen: string[] = [];
  const lost: OffsetLostError[] = [];
  const driver = await consume(topic, group, {
    async onBatch(given, records) {
      claim = given;
      seen.push(...records.map(textOf));
      if (seen.length === 3) given.pause();
      await given.commit((records.at(-1)?.offset ?? 0n) + 1n);
    },
    async onOffsetLost(error) {
      lost.push(error);
      expect(await committedOffsets(connection(), group, topic)).toEqual(new Map([[0, 3n]]));
      return error.lowOffset;
    },
  });
  await expect.poll(() => seen, patient).toEqual(["0", "1", "2"]);
  await sendTexts(topic, 3, 10);
  await forgetBefore(topic, 6);
  claim?.resume();
  await expect.poll(() => seen, patient).toEqual(["0", "1", "2", "6", "7", "8", "9"]);
  expect(lost.map((e) => [e.offset, e.lowOffset, e.highOffset])).toEqual([[3n, 6n, 10n]]);
  await driver.close();
});

test("an offset that is lost while the consumer runs ends it when nobody says where to go on", async () => {
  const topic = await newTopic(1);
  const group = scratchName("group");
  await sendTexts(topic, 0, 3);
  let claim: PartitionClaim | undefined;
  const driver = await consume(topic, group, {
    async onBatch(given) {
      claim = given;
      given.pause();
      await given.commit(3n);
    },
  });
  await expect.poll(() => claim?.position, patient).toBe(3n);
  await sendTexts(topic, 3, 10);
  await forgetBefore(topic, 6);
  claim?.resume();
  await expect(driver.closed).rejects.toMatchObject({ name: "OffsetLostError", offset: 3n, lowOffset: 6n });
  expect(await committedOffsets(connection(), group, topic)).toEqual(new Map([[0, 3n]]));
});
