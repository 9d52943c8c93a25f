import { scratchName } from "@maru/devstack";
import { expect, test } from "vitest";
import {
  type ConsumedRecord,
  type ConsumerDriver,
  type ConsumerOptions,
  committedOffsets,
  type PartitionClaim,
  startConsumer,
  startProducer,
  UnknownTopicError,
} from "../src/index.ts";
import { connection, message, newTopic, textOf } from "./cluster.ts";

const patient = { timeout: 20_000 };

/** A consumer that notes what it gets. */
async function listen(topic: string, groupId: string, more: Partial<ConsumerOptions> = {}) {
  const records: ConsumedRecord[] = [];
  const events: string[] = [];
  const driver: ConsumerDriver = await startConsumer({
    ...connection(),
    groupId,
    topics: [topic],
    fromBeginning: true,
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 200,
    onAssigned: (claims) => void events.push(`assigned ${claims.map((c) => c.partition).toSorted()}`),
    onRevoked: (claims, reason) => void events.push(`${reason} ${claims.map((c) => c.partition).toSorted()}`),
    onBatch: (_claim, batch) => void records.push(...batch),
    ...more,
  });
  return { driver, records, events, texts: () => records.map(textOf) };
}

async function sendTexts(topic: string, texts: string[]): Promise<void> {
  await using producer = await startProducer(connection());
  await producer.sendAll(
    topic,
    texts.map((text) => message(`key-${text}`, text)),
  );
}

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

test("a group goes on where it committed, and gets again what it did not commit", async () => {
  const topic = await newTopic(1);
  const group = scratchName("group");
  await sendTexts(topic, texts(0, 10));
  const first = await listen(topic, group, {
    async onBatch(claim, records) {
      expect(records.map(textOf)).toEqual(texts(0, 10));
      expect(claim.startOffset).toBe(0n);
      expect(claim.highOffset).toBe(10n);
      expect(await claim.commit(7n)).toBe(true);
    },
  });
  await expect.poll(() => committedOffsets(connection(), group, topic), patient).toEqual(new Map([[0, 7n]]));
  await first.driver.close();
  await sendTexts(topic, texts(10, 12));
  const second = await listen(topic, group);
  await expect.poll(second.texts, patient).toEqual(texts(7, 12));
  expect(second.driver.claims.map((c) => [c.startOffset, c.position])).toEqual([[7n, 12n]]);
  await second.driver.close();
});

test("a new group starts at the end unless told to start at the beginning", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, ["old"]);
  const { driver, texts: seen, events } = await listen(topic, scratchName("group"), { fromBeginning: false });
  await expect.poll(() => events, patient).toEqual(["assigned 0"]);
  await sendTexts(topic, ["new"]);
  await expect.poll(seen, patient).toEqual(["new"]);
  await driver.close();
});

test("nothing is handed over before onAssigned has resolved", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, ["a"]);
  const order: string[] = [];
  const { driver } = await listen(topic, scratchName("group"), {
    async onAssigned() {
      await new Promise((resolve) => setTimeout(resolve, 400));
      order.push("ready");
    },
    onBatch: () => void order.push("batch"),
  });
  await expect.poll(() => order, patient).toEqual(["ready", "batch"]);
  await driver.close();
});

test("closing waits for onRevoked, whose commits count, and ends the claim", async () => {
  const topic = await newTopic(1);
  const group = scratchName("group");
  await sendTexts(topic, texts(0, 5));
  let claim: PartitionClaim | undefined;
  const { driver } = await listen(topic, group, {
    onBatch(given) {
      claim = given;
    },
    async onRevoked([given], reason) {
      expect(reason).toBe("close");
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await given?.commit(5n)).toBe(true);
    },
  });
  await expect.poll(() => claim, patient).toBeDefined();
  await driver.close();
  expect(await committedOffsets(connection(), group, topic)).toEqual(new Map([[0, 5n]]));
  expect(claim?.signal.aborted).toBe(true);
  expect(await claim?.commit(1n)).toBe(false);
  await expect(driver.closed).resolves.toBeUndefined();
});

test("a paused partition hands over nothing until it is resumed", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, ["0"]);
  const {
    driver,
    records,
    texts: seen,
  } = await listen(topic, scratchName("group"), {
    onBatch(claim, batch) {
      records.push(...batch);
      claim.pause();
    },
  });
  await expect.poll(seen, patient).toEqual(["0"]);
  await sendTexts(topic, ["1"]);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // several fetches long
  expect(seen()).toEqual(["0"]);
  driver.claims[0]?.resume();
  await expect.poll(seen, patient).toEqual(["0", "1"]);
  await driver.close();
});

test("after a seek the records from there on are handed over again", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, texts(0, 5));
  const { driver, texts: seen } = await listen(topic, scratchName("group"));
  await expect.poll(seen, patient).toEqual(texts(0, 5));
  driver.claims[0]?.seek(3n);
  await expect.poll(seen, patient).toEqual([...texts(0, 5), "3", "4"]);
  await driver.close();
});

test("when a member joins, partitions are handed over, and a lost claim can commit nothing", async () => {
  const topic = await newTopic(4);
  const group = scratchName("group");
  await sendTexts(topic, texts(0, 40));
  const held = new Map<number, PartitionClaim>();
  const first = await listen(topic, group, { onBatch: (claim) => void held.set(claim.partition, claim) });
  await expect.poll(() => held.size, patient).toBe(4);
  const second = await listen(topic, group);
  await expect.poll(() => second.records.length, patient).toBeGreaterThan(0);
  await expect.poll(() => first.driver.claims.length, patient).toBe(2);
  expect(first.events.slice(0, 2)).toEqual(["assigned 0,1,2,3", "rebalance 0,1,2,3"]);
  const lost = [...held.values()].filter((claim) => !first.driver.claims.includes(claim));
  expect(lost.length).toBeGreaterThanOrEqual(2);
  for (const claim of lost) {
    expect(claim.signal.aborted).toBe(true);
    expect(await claim.commit(claim.highOffset)).toBe(false);
  }
  expect(await committedOffsets(connection(), group, topic)).toEqual(new Map());
  await Promise.all([first.driver.close(), second.driver.close()]);
});

test("what is committed while partitions are revoked in a rebalance is not handed over again", async () => {
  const topic = await newTopic(1);
  const group = scratchName("group");
  await sendTexts(topic, texts(0, 5));
  let got = false;
  const commits: Promise<boolean>[] = [];
  const first = await listen(topic, group, {
    onBatch() {
      got = true;
    },
    onRevoked: (claims, reason) => {
      if (reason === "rebalance") for (const claim of claims) commits.push(claim.commit(5n));
    },
  });
  await expect.poll(() => got, patient).toBe(true);
  const second = await listen(topic, group);
  await expect.poll(() => commits.length, patient).toBe(1);
  expect(await Promise.all(commits)).toEqual([true]);
  expect(await committedOffsets(connection(), group, topic)).toEqual(new Map([[0, 5n]]));
  await Promise.all([first.driver.close(), second.driver.close()]);
});

test("a batch that takes longer than the session keeps its membership", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, ["slow"]);
  const { driver, events } = await listen(topic, scratchName("group"), {
    sessionTimeoutMs: 6000, // the least that brokers allow
    async onBatch(claim) {
      await new Promise((resolve) => setTimeout(resolve, 8000));
      events.push(`committed ${await claim.commit(1n)}`);
    },
  });
  await expect.poll(() => events, patient).toEqual(["assigned 0", "committed true"]);
  await driver.close();
});

test("what a callback throws ends the consumer, and says so", async () => {
  const topic = await newTopic(1);
  await sendTexts(topic, ["bad"]);
  const crashes: unknown[] = [];
  const { driver } = await listen(topic, scratchName("group"), {
    onBatch: () => Promise.reject(new Error("cannot take it")),
    onCrash: (error, willRestart) => crashes.push([error.message, willRestart]),
  });
  await expect(driver.closed).rejects.toThrow("cannot take it");
  expect(crashes).toEqual([["cannot take it", false]]);
  await expect(driver.close()).rejects.toThrow("cannot take it");
});

test("a topic that does not exist is a typed error", async () => {
  await expect(listen("kafka-test-nowhere", scratchName("group"))).rejects.toThrow(UnknownTopicError);
});
