import type { Change } from "../../src/domain/change.ts";
import type { ChangeRecord, TableStream } from "../../src/relay/table-stream.ts";
import { StreamTrimmedError } from "../../src/store/stream-errors.ts";
import type { World } from "./world.ts";

interface MemoryShard {
  readonly shardId: string;
  readonly parentShardId: string | undefined;
  /** The rooms whose hash lies from the first to before the second are in it. */
  readonly range: readonly [number, number];
  readonly records: VisibleRecord[];
  open: boolean;
  /** What came before this record is gone. */
  firstIndex: number;
}

interface VisibleRecord extends ChangeRecord {
  readonly visibleAtMs: number;
}

/** The stream of a table in memory. */
export interface MemoryStream extends TableStream {
  append(change: Change): void;
  /** One shard takes nothing more, and one or two children follow it. */
  roll(): void;
  /** Whether all records that are left lie at or before these checkpoints. */
  isRead(checkpointOf: (shardId: string) => string | undefined): boolean;
  /** Some of the oldest records of one of these shards are gone. */
  trim(shardIds: readonly string[]): void;
}

const hashRange = 256;
const startAt = "2026-11-23T00:00:00.000";

export function createMemoryStream(world: World): MemoryStream {
  const { dice, time, network, weather } = world;
  const streamArn = `arn:sim:table/maru/stream/${startAt}`;
  const shards: MemoryShard[] = [];
  let lastSequence = 0;
  open([0, hashRange], undefined);

  function open(range: readonly [number, number], parentShardId: string | undefined): void {
    const shardId = `shard-${String(shards.length).padStart(4, "0")}`;
    shards.push({ shardId, parentShardId, range, records: [], open: true, firstIndex: 0 });
  }

  function find(shardId: string): MemoryShard {
    const found = shards.find((shard) => shard.shardId === shardId);
    if (found === undefined) throw new Error(`there is no shard ${shardId}`);
    return found;
  }

  function page(shard: MemoryShard, after: string | undefined): VisibleRecord[] {
    const held = shard.records.slice(shard.firstIndex);
    const next = held.findIndex(({ sequenceNumber }) => after === undefined || sequenceNumber > after);
    if (next === -1) return [];
    const limit = dice.int(1, 10);
    const visible = held.slice(next, next + limit);
    const end = visible.findIndex(({ visibleAtMs }) => visibleAtMs > time.nowMs());
    return end === -1 ? visible : visible.slice(0, end);
  }

  /** A reader that began at what was left then is no different from one with a checkpoint there. */
  function isTrimmed({ records, firstIndex }: MemoryShard, after: string | undefined, beganAt: number): boolean {
    const lastGone = records[firstIndex - 1]?.sequenceNumber ?? "";
    return after === undefined ? firstIndex > beganAt : after < lastGone;
  }

  return {
    tableName: "maru",
    arn: async () => streamArn,
    tableBornAtMs: async () => Date.parse(`${startAt}Z`),
    shards: async () => shards.map(({ shardId, parentShardId, open }) => ({ shardId, parentShardId, open })),
    async *read(position, signal) {
      const shard = find(position.shardId);
      const beganAt = shard.firstIndex;
      const unavailable = () => new Error("the stream does not answer");
      for (let after = position.afterSequenceNumber; ; ) {
        await network.pause();
        signal.throwIfAborted();
        if (network.strikes(weather.loseRequest)) throw unavailable();
        const at = { ...position, afterSequenceNumber: after };
        if (isTrimmed(shard, after, beganAt)) throw new StreamTrimmedError(at, { cause: undefined, gone: false });
        const records = page(shard, after);
        await network.pause();
        signal.throwIfAborted();
        if (network.strikes(weather.loseAnswer)) throw unavailable();
        after = records.at(-1)?.sequenceNumber ?? after;
        yield records;
        const last = lastLeft(shard);
        if (!shard.open && (last === undefined || (after !== undefined && after >= last))) return;
      }
    },
    append(change) {
      const roomId = change.kind === "entry" ? change.entry.entry.roomId : "";
      const hash = Number.parseInt(roomId.slice(0, 2), 16) || 0;
      const shard = shards.find(({ open, range: [from, to] }) => open && hash >= from && hash < to);
      if (shard === undefined) throw new Error("no shard is open");
      const delayMs = dice.next() * weather.latencyMs * (network.strikes(weather.slow) ? 20 : 1);
      shard.records.push({
        sequenceNumber: String(++lastSequence).padStart(10, "0"),
        committedAtMs: Math.floor(time.nowMs() / 1000) * 1000,
        change,
        raw: undefined,
        visibleAtMs: Math.max(time.nowMs() + delayMs, shard.records.at(-1)?.visibleAtMs ?? 0),
      });
    },
    roll() {
      const parent = dice.pick(shards.filter((shard) => shard.open));
      const [from, to] = parent.range;
      parent.open = false;
      const middle = (from + to) >> 1;
      if (dice.chance(0.5) || middle === from) return open([from, to], parent.shardId);
      open([from, middle], parent.shardId);
      open([middle, to], parent.shardId);
    },
    isRead: (checkpointOf) => shards.every((shard) => (lastLeft(shard) ?? "") <= (checkpointOf(shard.shardId) ?? "")),
    trim(shardIds) {
      if (shardIds.length === 0) return;
      const shard = find(dice.pick(shardIds));
      shard.firstIndex = dice.int(shard.firstIndex, shard.records.length);
    },
  };
}

/** Of the last record that was not trimmed. */
function lastLeft({ records, firstIndex }: MemoryShard): string | undefined {
  return firstIndex < records.length ? records.at(-1)?.sequenceNumber : undefined;
}
