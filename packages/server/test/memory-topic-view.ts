import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { partitionOf } from "@maru/kafka";
import { RoomEventSchema } from "@maru/protocol";
import type { GroupOffset, TopicRecord, TopicView } from "../src/domain/admin/topic-view.ts";
import type { Change } from "../src/domain/change.ts";
import type { LoggedEntry } from "../src/domain/store.ts";
import { toEvent } from "../src/relay/to-event.ts";

const topics = { roomEvents: "events", readMarkers: "markers" };

export interface MemoryTopicView {
  readonly view: TopicView;
  readonly partitions: readonly TopicRecord[][];
  readonly refills: readonly { readonly roomId: string; readonly seq: number }[];
  groups: GroupOffset[];
  relayedUntilMs: number | undefined;
  /** How often an entry is relayed. */
  times: (seq: number, roomId: string) => number;
  onChange(change: Change): void;
  /** Removes the oldest records of a partition, as Kafka's retention does. */
  cut(partition: number, lowOffset: bigint): void;
  seqsOf(roomId: string): number[];
}

/** A topic in memory, and a relay to it that does what a test tells it to do with each entry. */
export function memoryTopic(options: { partitions?: number; nowMs?: () => number } = {}): MemoryTopicView {
  const { partitions: count = 3, nowMs = Date.now } = options;
  const partitions = Array.from({ length: count }, () => [] as TopicRecord[]);
  const lowOffsets = Array.from({ length: count }, () => 0n);
  const refills: { roomId: string; seq: number }[] = [];

  function put(entry: LoggedEntry, healed: boolean): void {
    const event = toEvent(
      { kind: "entry", entry, committedAtMs: nowMs() },
      { topics, source: "t", relayedAtMs: nowMs(), healed },
    );
    const storedAtMs = nowMs();
    const partition = partitions[partitionOf(entry.entry.roomId, count)] as TopicRecord[];
    partition.push({
      roomId: entry.entry.roomId,
      seq: entry.entry.seq,
      offset: BigInt(partition.length),
      storedAtMs,
      stamps() {
        const { committedAt, relayedAt } = fromBinary(RoomEventSchema, event?.value ?? new Uint8Array());
        const [committedAtMs, relayedAtMs] = [committedAt, relayedAt].map((time) => time && timestampMs(time));
        return { committedAtMs, relayedAtMs, streamedAtMs: storedAtMs, isHealed: healed, isGap: false };
      },
    });
  }

  const made: MemoryTopicView = {
    partitions,
    refills,
    groups: [],
    relayedUntilMs: undefined,
    times: () => 1,
    onChange(change: Change): void {
      if (change.kind !== "entry") return;
      const { seq, roomId } = change.entry.entry;
      for (let n = made.times(seq, roomId); n > 0; n--) put(change.entry, false);
    },
    cut(partition: number, lowOffset: bigint): void {
      lowOffsets[partition] = lowOffset;
    },
    seqsOf: (roomId: string) =>
      (partitions[partitionOf(roomId, count)] ?? []).filter((record) => record.roomId === roomId).map(({ seq }) => seq),
    view: {
      topic: "events",
      partitionCount: async () => count,
      partitionOf,
      async spanSince(partition, sinceMs) {
        const records = partitions[partition] ?? [];
        const low = lowOffsets[partition] ?? 0n;
        const at = records.find((record) => record.storedAtMs >= sinceMs && record.offset >= low)?.offset;
        const untilOffset = BigInt(records.length);
        const fromOffset = at ?? untilOffset;
        const before = fromOffset > low ? undefined : low === 0n ? "nothing" : "removed";
        return { partition, fromOffset, untilOffset, before };
      },
      async *read({ partition, fromOffset, untilOffset }) {
        yield (partitions[partition] ?? []).slice(Number(fromOffset), Number(untilOffset));
      },
      async *follow(_roomId, signal) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
      groupOffsets: async () => made.groups,
      relayedUntilMs: async () => made.relayedUntilMs,
      async refill(entries) {
        for (const entry of entries) {
          refills.push({ roomId: entry.entry.roomId, seq: entry.entry.seq });
          put(entry, true);
        }
      },
    },
  };
  return made;
}
