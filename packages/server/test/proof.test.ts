import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { connectMaru, type Maru, service, text } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { scratchName } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { type ConsumedRecord, kafkaBroker } from "@maru/kafka";
import { JobState, ReconciliationProblem, RoomEventSchema } from "@maru/protocol";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { createKafkaSink } from "../src/relay/kafka-sink.ts";
import { toEvent } from "../src/relay/to-event.ts";
import { until } from "./relay-world.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const run = promisify(execFile);
const topics = { roomEvents: scratchName("room-events"), readMarkers: scratchName("read-markers") };

let fleet: Fleet;
let api: ServerNode;
let maru: Maru;
let token: string;
const connection = () => ({ brokers: inject("stack").kafka.brokers, clientId: "proof-test" });

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    env: {
      MARU_TABLE: scratchName("proof"),
      MARU_CONTROL_TABLE: scratchName("proof-control"),
      MARU_KAFKA_TOPIC: topics.roomEvents,
      MARU_KAFKA_READ_MARKERS_TOPIC: topics.readMarkers,
      MARU_KAFKA_PARTITIONS: "2",
      MARU_RELAY_LEASE_MS: "2000",
    },
  });
  await fleet.setUp();
  token = await fleet.token("proof");
  api = await fleet.startServer({ name: "api", env: { MARU_ROLES: "api" } });
  maru = connectMaru({ address: api.grpcAddress, token });
});
afterAll(async () => {
  await maru?.[Symbol.asyncDispose]();
  await fleet?.close();
});

async function room(messages: number): Promise<string> {
  const { room: made } = await maru.rooms.create({ actor: service(), kind: "group" });
  const roomId = made?.roomId ?? "";
  for (let n = 0; n < messages; n++) await maru.messages.send({ roomId, actor: service(), content: text(`${n}`) });
  return roomId;
}

/** What a relay would make of a room, those left out that are named. */
async function relayBut(roomId: string, leftOut: readonly number[]): Promise<void> {
  await using producer = await kafkaBroker(connection()).startProducer();
  const { entries } = await maru.events.listEntries({ roomId });
  const origin = { topics, source: "maru", relayedAtMs: Date.now() };
  await createKafkaSink(producer).send(
    entries
      .filter(({ seq }) => !leftOut.includes(seq))
      .flatMap((entry) => {
        const logged = { entry, requestHash: undefined, appendedAtMs: Date.now() };
        return toEvent({ kind: "entry", entry: logged, committedAtMs: Date.now() }, origin) ?? [];
      }),
  );
}

async function eventsOf(roomId: string): Promise<{ seq: number; healed: boolean }[]> {
  const records: ConsumedRecord[] = [];
  const range = { topic: topics.roomEvents, partitions: [0, 1] };
  await kafkaBroker(connection()).readPartitions(range, (some) => void records.push(...some));
  return records
    .map(({ value }) => fromBinary(RoomEventSchema, value ?? new Uint8Array()))
    .filter(({ entry }) => entry?.roomId === roomId)
    .map(({ entry, healed }) => ({ seq: entry?.seq ?? 0, healed }));
}

const admin = async (...args: string[]) => {
  const options = ["--address", `http://${api.httpAddress}`];
  const { stdout } = await run(process.execPath, [main, "admin", ...args, ...options], {
    env: { ...process.env, MARU_TOKEN: token },
  });
  return stdout;
};

test("a hole in the topic is found and refilled by a job, and the next one finds nothing", async () => {
  const [holed, whole] = [await room(9), await room(3)];
  await relayBut(holed, [4, 5, 8]);
  await relayBut(whole, []);
  const { job } = await maru.admin.runReconcile({ activeRoomsOnly: true });
  const done = await vi.waitFor(
    async () => {
      const { job: now } = await maru.admin.getJob({ jobId: job?.jobId ?? "" });
      expect(now).toMatchObject({ state: JobState.DONE });
      return now?.reconciliation;
    },
    { timeout: 45_000, interval: 100 },
  );
  expect(done).toMatchObject({ comparedCount: 14n, missingCount: 3n, refilledCount: 3n, disorderedCount: 0n });
  expect(done?.findings).toMatchObject([
    { roomId: holed, problem: ReconciliationProblem.REFILLED, firstSeq: 4, lastSeq: 5 },
    { roomId: holed, problem: ReconciliationProblem.REFILLED, firstSeq: 8, lastSeq: 8 },
  ]);
  const seen = await eventsOf(holed);
  expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 6, 7, 9, 10, 4, 5, 8]);
  expect(seen.filter(({ healed }) => healed).map(({ seq }) => seq)).toEqual([4, 5, 8]);
  expect(await admin("reconcile", "--room", holed, "--since", "1h")).toContain(
    "10 entries compared, 0 missing, 0 written again, 0 repeats, 0 out of order",
  );
});

test("the canary is silent while the relay is frozen and is heard again afterwards", async () => {
  const relay = await fleet.startServer({ name: "relay", env: { MARU_ROLES: "relay" } });
  const env = { MARU_ROLES: "api", MARU_CANARY_INTERVAL_MS: "250", MARU_CANARY_ALARM_MS: "2500" };
  const canary = await fleet.startServer({ name: "canary", env });
  const metric = async (name: string) => {
    const all = await (await fetch(`http://${canary.httpAddress}/metrics`)).text();
    return Number(
      all
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.split(" ")[1],
    );
  };
  const said = async (words: string) => (await readFile(canary.logFile, "utf8")).includes(words);
  const heard = () => metric('maru_canary_delay_seconds_count{step="all"}');
  await until(async () => (await heard()) > 3, heard);
  expect(await metric("maru_canary_silent_seconds")).toBeLessThan(2.5);

  await relay.kill("SIGSTOP");
  await until(
    () => said("the canary is silent: what is sent does not come out of the topic"),
    () => metric("maru_canary_silent_seconds"),
  );
  expect(await metric("maru_canary_silent_seconds")).toBeGreaterThan(2);
  await relay.kill("SIGCONT");
  await until(
    () => said("the canary is heard again"),
    () => metric("maru_canary_silent_seconds"),
  );
});

test("an entry is found on its way from the table to a consumer group", async () => {
  const roomId = await room(2);
  await relayBut(roomId, []);
  const group = scratchName("passed");
  const { brokers } = inject("stack").kafka;
  const events: number[] = [];
  {
    const options = { brokers, group, topic: topics.roomEvents, fromBeginning: true };
    await using _consumer = await subscribe(maru, options, {
      messageSent: ({ entry }) => void (entry.roomId === roomId && events.push(entry.seq)),
    });
    await until(
      () => events.includes(3),
      () => events,
    );
    const broker = kafkaBroker(connection());
    const held = await broker.topicOffsets(topics.roomEvents);
    const behind = async () => {
      const committed = await broker.committedOffsets(group, topics.roomEvents);
      return held.filter(({ partition, highOffset }) => (committed.get(partition) ?? 0n) < highOffset);
    };
    await until(
      async () => (await behind()).length === 0,
      async () => (await behind()).length,
    );
  }
  const place = await maru.admin.whereIs({ roomId, seq: 3 });
  expect(place).toMatchObject({ type: "message_sent", lastSeq: 3, topicUnavailable: "", topic: topics.roomEvents });
  expect(place.occurrences.length).toBeGreaterThan(0);
  expect(place.groups.find((one) => one.group === group)).toMatchObject({ passed: true });
  const timeline = await admin("where-is", "--room", roomId, "--seq", "3");
  expect(timeline).toMatch(new RegExp(`topic   ${topics.roomEvents}/\\d offset ${place.occurrences[0]?.offset}`));
  expect(timeline).toContain(`group   ${group} passed`);
});
