/** How far a consumer is behind in one partition that it holds. */
export interface PartitionLag {
  readonly partition: number;
  /** Events that the topic holds and that are not done, as of the last fetch or some seconds ago. */
  readonly eventCount: number;
  /** Those of them that were fetched: they wait for a handler, or are with it. */
  readonly fetchedCount: number;
  /**
   * How long the oldest event that is not done has been in Kafka. When none was fetched, the same of the last event that
   * was: what comes next is younger. 0 when nothing is left; undefined when nothing has come yet, although something is there.
   */
  readonly seconds: number | undefined;
}

/** How far a consumer is behind in one room. */
export interface RoomLag {
  readonly roomId: string;
  readonly partition: number;
  /** Its fetched events that are not done. */
  readonly eventCount: number;
  /** Number of the first of them. */
  readonly seq: number;
  /** How long that one has been in Kafka. */
  readonly seconds: number;
}

/** How far a consumer is behind, in the partitions that it holds. */
export interface ConsumerLag {
  readonly partitions: readonly PartitionLag[];
  /** The rooms with the most waiting events, at most 10, the most first; of what was fetched. */
  readonly rooms: readonly RoomLag[];
}

/** What lag is worked out from, in one partition. */
export interface PartitionState {
  readonly partition: number;
  /** The first offset that is not done; negative while it is not known. */
  readonly nextOffset: bigint;
  /** The offset that the next event will get; negative while it is not known. */
  readonly highOffset: bigint;
  /** When Kafka was given the event that was fetched last. */
  readonly lastTakenMs: number | undefined;
  /** The fetched events that are not done, by room. */
  readonly rooms: readonly WaitingRoom[];
}

/** A room with events that are not done. */
export interface WaitingRoom {
  readonly roomId: string;
  readonly eventCount: number;
  readonly seq: number;
  /** When Kafka was given the first. */
  readonly kafkaMs: number;
}

const SHOWN_ROOMS = 10;

/** Pure. `nowMs` is the clock's, against the producer's times. */
export function toLag(states: readonly PartitionState[], nowMs: number): ConsumerLag {
  const secondsSince = (ms: number) => Math.max(0, nowMs - ms) / 1000;
  const partitions = states.map(({ partition, nextOffset, highOffset, lastTakenMs, rooms }): PartitionLag => {
    const isKnown = nextOffset >= 0n && highOffset > nextOffset;
    const fetchedCount = rooms.reduce((sum, { eventCount }) => sum + eventCount, 0);
    const eventCount = Math.max(fetchedCount, isKnown ? Number(highOffset - nextOffset) : 0);
    const oldestMs = rooms.length === 0 ? lastTakenMs : rooms.reduce((ms, room) => Math.min(ms, room.kafkaMs), nowMs);
    const seconds = eventCount === 0 ? 0 : oldestMs === undefined ? undefined : secondsSince(oldestMs);
    return { partition, eventCount, fetchedCount, seconds };
  });
  const rooms = states.flatMap(({ partition, rooms: waiting }) =>
    waiting.map(({ kafkaMs, ...room }): RoomLag => ({ ...room, partition, seconds: secondsSince(kafkaMs) })),
  );
  rooms.sort((a, b) => b.eventCount - a.eventCount || b.seconds - a.seconds);
  return { partitions, rooms: rooms.slice(0, SHOWN_ROOMS) };
}
