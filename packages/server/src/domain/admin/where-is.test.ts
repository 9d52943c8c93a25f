import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EntryPresence, ErrorReason, WhereIsRequestSchema } from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { openRoom } from "../../../test/job-fixtures.ts";
import { call, send, startServer } from "../../../test/log-fixtures.ts";
import { type MemoryTopicView, memoryTopic } from "../../../test/memory-topic-view.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { createMemoryJobStore } from "../../store/memory-jobs.ts";
import type { Store } from "../store.ts";
import type { AdminDomain } from "./start-job.ts";
import type { TopicView } from "./topic-view.ts";
import { whereIs } from "./where-is.ts";

let topic: MemoryTopicView;
let store: Store;
beforeEach(() => {
  topic = memoryTopic({ partitions: 1 });
  store = createMemoryStore({ onChange: (change) => topic.onChange(change) });
});

function domainOver(view: TopicView | undefined): AdminDomain {
  return { ...startServer(store), jobs: createMemoryJobStore(), topic: view };
}

const find = (roomId: string, seq: number, view: TopicView | undefined = topic.view) =>
  whereIs(domainOver(view), call, create(WhereIsRequestSchema, { roomId, seq }));

async function room(entries: number): Promise<string> {
  const domain = domainOver(topic.view);
  const roomId = await openRoom(domain);
  for (let n = 1; n < entries; n++) await send(domain, roomId);
  return roomId;
}

it("follows an entry from the table into the topic, with its repeats, and says which groups have passed it", async () => {
  topic.times = (seq) => (seq === 2 ? 2 : 1);
  const roomId = await room(4);
  topic.groups = [
    { group: "push", committedOffset: 2n },
    { group: "search", committedOffset: 1n },
  ];
  const answer = await find(roomId, 2);
  expect(answer).toMatchObject({
    presence: EntryPresence.STORED,
    type: "message_sent",
    caller: "tests",
    contentRemoved: false,
    lastSeq: 4,
    topicUnavailable: "",
    topic: "events",
    partition: 0,
    searchedFromOffset: 0n,
    searchedUntilOffset: 5n,
  });
  expect(answer.occurrences.map(({ offset }) => offset)).toEqual([1n, 2n]);
  const [first] = answer.occurrences;
  const times = [answer.committedAt, first?.relayedAt, first?.storedAt].map((time) => time && timestampMs(time));
  expect(times).toEqual(times.toSorted());
  expect(answer.groups).toMatchObject([
    { group: "push", committedOffset: 2n, passed: true, lag: 3n },
    { group: "search", committedOffset: 1n, passed: false, lag: 4n },
  ]);
});

it("says of an entry that the topic lacks how far was searched, and that no group has passed it", async () => {
  topic.times = (seq) => (seq === 3 ? 0 : 1);
  const roomId = await room(4);
  topic.groups = [{ group: "push", committedOffset: 3n }];
  const answer = await find(roomId, 3);
  expect(answer).toMatchObject({ presence: EntryPresence.STORED, occurrences: [], searchedUntilOffset: 3n });
  expect(answer.groups).toMatchObject([{ group: "push", passed: false, lag: 0n }]);
});

it("gives what the table says when the topic cannot be asked, and says why", async () => {
  const roomId = await room(2);
  const away = { ...topic.view, partitionCount: () => Promise.reject(new Error("no broker answers")) };
  const stored = { presence: EntryPresence.STORED, type: "message_sent", occurrences: [], groups: [], topic: "" };
  expect(await find(roomId, 2, away)).toMatchObject({ ...stored, topicUnavailable: "no broker answers" });
  const answer = await whereIs(domainOver(undefined), call, create(WhereIsRequestSchema, { roomId, seq: 2 }));
  expect(answer).toMatchObject({ ...stored, topicUnavailable: "this server knows no brokers" });
});

it("tells what is gone from what was never there", async () => {
  const roomId = await room(5);
  await store.raisePurgedBelow(roomId, 3);
  await store.deleteEntries(roomId, [2, 4]);
  const presenceOf = async (seq: number) => (await find(roomId, seq)).presence;
  expect(await presenceOf(2)).toBe(EntryPresence.PURGED);
  expect(await presenceOf(4)).toBe(EntryPresence.MISSING);
  expect(await presenceOf(6)).toBe(EntryPresence.NOT_WRITTEN);
  expect((await find(roomId, 2)).occurrences.map(({ offset }) => offset)).toEqual([1n]);
  await expect(find("nowhere", 1)).rejects.toMatchObject({ reason: ErrorReason.ROOM_NOT_FOUND });
});
