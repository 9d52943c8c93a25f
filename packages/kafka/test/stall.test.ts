import { scratchName, startTcpProxy, type TcpProxy } from "@maru/devstack";
import { expect, test } from "vitest";
import {
  type ConsumerOptions,
  type ConsumerStall,
  type KafkaConnection,
  type PartitionClaim,
  startConsumer,
  startProducer,
} from "../src/index.ts";
import { connection, message, newTopic, textOf } from "./cluster.ts";
import { through } from "./produce-frames.ts";

const patient = { timeout: 40_000 };
const stallCheckMs = 300;

async function sendTexts(topic: string, ...texts: string[]): Promise<void> {
  await using producer = await startProducer(connection());
  await producer.sendAll(
    topic,
    texts.map((text) => message("k", text)),
  );
}

/** A consumer that notes what it gets, and when it says that it gets nothing. */
async function listen(topic: string, how: KafkaConnection, more: Partial<ConsumerOptions> = {}) {
  const texts: string[] = [];
  const stalls: ConsumerStall[] = [];
  const driver = await startConsumer({
    ...how,
    groupId: scratchName("group"),
    topics: [topic],
    fromBeginning: true,
    sessionTimeoutMs: 6000,
    heartbeatIntervalMs: 500,
    stallCheckMs,
    onStalled: (stall) => void stalls.push(stall),
    onBatch: (_claim, records) => void texts.push(...records.map(textOf)),
    ...more,
  });
  return { driver, texts, stalls };
}

/** A proxy that swallows, from `freeze` on, all that the broker says over the connections which there are by then. */
async function freezingProxy(): Promise<{ proxy: TcpProxy; freeze(): void }> {
  let newest = 0;
  let frozenUpTo = 0;
  const proxy = await startTcpProxy({
    target: connection().brokers[0] ?? "",
    onChunk(chunk, { from, connection: number }) {
      newest = Math.max(newest, number);
      return from === "upstream" && number <= frozenUpTo ? Buffer.alloc(0) : chunk;
    },
  });
  return {
    proxy,
    freeze() {
      frozenUpTo = newest;
    },
  };
}

test("a consumer whose connections hang says what it does not get, joins anew and goes on", async () => {
  const topic = await newTopic(1);
  const { proxy, freeze } = await freezingProxy();
  await using _ = proxy;
  await sendTexts(topic, "0", "1");
  const commits: Promise<boolean>[] = [];
  const { driver, texts, stalls } = await listen(topic, through(proxy, connection()), {
    onBatch(claim, records) {
      texts.push(...records.map(textOf));
      commits.push(claim.commit(claim.position + BigInt(records.length)));
    },
  });
  await expect.poll(() => texts, patient).toEqual(["0", "1"]);
  await Promise.all(commits);
  freeze();
  await sendTexts(topic, "2");
  await expect.poll(() => stalls, patient).not.toEqual([]);
  expect(stalls[0]).toMatchObject({
    what: "behind",
    willRejoin: true,
    partitions: [{ topic, partition: 0, position: 2n, highOffset: 3n }],
  });
  await expect.poll(() => texts, patient).toEqual(["0", "1", "2"]);
  await sendTexts(topic, "3");
  await expect.poll(() => texts, patient).toEqual(["0", "1", "2", "3"]);
  await driver.close();
});

test("a commit that nobody answers is told, too, and the records come again", async () => {
  const topic = await newTopic(1);
  const { proxy, freeze } = await freezingProxy();
  await using _ = proxy;
  await sendTexts(topic, "0");
  const answers: boolean[] = [];
  const { driver, texts, stalls } = await listen(topic, through(proxy, connection()), {
    async onBatch(claim, records) {
      if (texts.length === 0) freeze();
      texts.push(...records.map(textOf));
      answers.push(await claim.commit(1n));
    },
  });
  await expect.poll(() => stalls, patient).not.toEqual([]);
  expect(stalls[0]).toMatchObject({ what: "uncommitted", willRejoin: true, partitions: [{ topic, partition: 0 }] });
  await sendTexts(topic, "1");
  await expect.poll(() => texts.at(-1), patient).toBe("1");
  await expect.poll(() => answers, patient).toContain(true);
  await driver.close();
});

test("a consumer that is cut off for good can be closed, also while it joins anew", async () => {
  const topic = await newTopic(1);
  const { proxy, freeze } = await freezingProxy();
  await using _ = proxy;
  await sendTexts(topic, "0");
  const { driver, texts, stalls } = await listen(topic, through(proxy, connection()));
  await expect.poll(() => texts, patient).toEqual(["0"]);
  freeze();
  await sendTexts(topic, "1");
  await expect.poll(() => stalls, patient).not.toEqual([]);
  proxy.cut();
  await driver.close();
});

test("who has paused, and who takes a batch slowly, is not stalled", async () => {
  const topic = await newTopic(1);
  const slow = await newTopic(1);
  await sendTexts(topic, "0");
  await sendTexts(slow, "0");
  let claim: PartitionClaim | undefined;
  let looks = 0;
  const paused = await listen(topic, connection(), {
    onBatch(given) {
      claim = given;
      given.pause();
    },
  });
  const taking = await listen(slow, connection(), {
    async onBatch() {
      await expect.poll(() => looks, patient).toBeGreaterThan(10);
    },
  });
  await expect.poll(() => claim, patient).toBeDefined();
  await sendTexts(topic, "1");
  await sendTexts(slow, "1");
  for (; looks <= 10; looks++) await new Promise((resolve) => setTimeout(resolve, stallCheckMs));
  expect(paused.stalls).toEqual([]);
  expect(taking.stalls).toEqual([]);
  await Promise.all([paused.driver.close(), taking.driver.close()]);
});

test("an idle consumer knows how far its partitions go, and is not stalled", async () => {
  const topic = await newTopic(2);
  await sendTexts(topic, "0");
  const { driver, texts, stalls } = await listen(topic, connection());
  await expect.poll(() => texts, patient).toEqual(["0"]);
  await new Promise((resolve) => setTimeout(resolve, 10 * stallCheckMs)); // several looks long
  expect(stalls).toEqual([]);
  const lags = driver.claims.map((claim) => claim.highOffset - claim.position);
  expect(lags).toEqual([0n, 0n]);
  await driver.close();
});
