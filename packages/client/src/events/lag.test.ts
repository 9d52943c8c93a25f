import { expect, test } from "vitest";
import { type PartitionState, toLag } from "./lag.ts";

const nowMs = 100_000;
const idle: PartitionState = { partition: 0, nextOffset: 7n, highOffset: 7n, lastTakenMs: 5_000, rooms: [] };

test("a partition whose events are all done has no lag, however long nothing came", () => {
  expect(toLag([idle], nowMs).partitions).toEqual([{ partition: 0, eventCount: 0, fetchedCount: 0, seconds: 0 }]);
});

test("lag counts from the first event that is not done, and its age is that of the oldest fetched one", () => {
  const rooms = [
    { roomId: "a", eventCount: 2, seq: 4, kafkaMs: 90_000 },
    { roomId: "b", eventCount: 1, seq: 9, kafkaMs: 80_000 },
  ];
  const { partitions } = toLag([{ ...idle, nextOffset: 10n, highOffset: 30n, rooms }], nowMs);
  expect(partitions).toEqual([{ partition: 0, eventCount: 20, fetchedCount: 3, seconds: 20 }]);
});

test("when the topic holds more and nothing of it was fetched, the age is at most that of the last fetched event", () => {
  const behind = { ...idle, highOffset: 9n };
  expect(toLag([behind], nowMs).partitions).toMatchObject([{ eventCount: 2, seconds: 95 }]);
  expect(toLag([{ ...behind, lastTakenMs: undefined }], nowMs).partitions).toMatchObject([{ seconds: undefined }]);
});

test("what the brokers have not told yet is no lag", () => {
  expect(toLag([{ ...idle, nextOffset: -1n, highOffset: 50n }], nowMs).partitions).toMatchObject([{ eventCount: 0 }]);
});

test("the rooms with the most waiting events are told, over all partitions, at most ten", () => {
  const rooms = (partition: number) =>
    Array.from({ length: 8 }, (_, index) => {
      const eventCount = 2 * index + partition;
      return { roomId: `${partition}-${index}`, eventCount, seq: 1, kafkaMs: nowMs - 1_000 };
    });
  const lag = toLag(
    [0, 1].map((partition) => ({ ...idle, partition, rooms: rooms(partition) })),
    nowMs,
  );
  expect(lag.rooms.map(({ eventCount }) => eventCount)).toEqual([15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
  expect(lag.rooms[0]).toEqual({ roomId: "1-7", partition: 1, eventCount: 15, seq: 1, seconds: 1 });
});
