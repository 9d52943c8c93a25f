import { createHash } from "node:crypto";
import type { Loss } from "../domain/repair.ts";
import { surelyKeptMs } from "../domain/repair.ts";
import type { ShardState } from "../store/control.ts";
import { streamBornAtMs } from "../store/stream.ts";

/** Clocks differ, and an entry is stored up to 30 s after the time that it is said to be appended at. */
const marginMs = 10 * 60_000;
/** A shard that is not lost may lag behind by what its stream keeps: rooms are then handed on from no later than its checkpoint. */
const keptMs = 25 * 3_600_000;
/** `setup` makes table and stream at once. A table that is older had none when it got its first entries. */
const togetherMs = 60_000;

/** What nobody can read on of shards that nobody holds. */
export function shardLosses(streamArn: string, missed: readonly ShardState[], nowMs: number): Loss[] {
  return missed.map(({ shardId, epoch, checkpoint, expiresAtMs, sinceMs }) => ({
    id: lossId(streamArn, shardId, epoch, checkpoint?.sequenceNumber, expiresAtMs),
    sinceMs: laggingSince(sinceMs, nowMs),
  }));
}

/** What was trimmed behind the checkpoint of a shard that is being read. */
export function trimmedLoss(
  lease: { readonly streamArn: string; readonly shardId: string; readonly epoch: number },
  position: { readonly sequenceNumber: string | undefined; readonly sinceMs: number | undefined },
  nowMs: number,
): Loss {
  const { sequenceNumber, sinceMs } = position;
  // A checkpoint is the same for whoever holds the shard.
  const at = sequenceNumber ?? `start of ${lease.epoch}`;
  return { id: lossId(lease.streamArn, lease.shardId, at), sinceMs: laggingSince(sinceMs, nowMs) };
}

/** Between the end of a stream and the start of the next, what was written is in none. */
export function replacedStreamLoss(streamArn: string, states: readonly ShardState[]): Loss {
  const ends = states.map(({ sinceMs }) => sinceMs).filter((sinceMs) => sinceMs !== undefined);
  const endMs = ends.length === 0 ? streamBornAtMs(streamArn) : Math.max(...ends);
  return { id: lossId(streamArn, "end"), sinceMs: before(endMs) };
}

/** A stream that was gone before any of it was read. */
export function goneStreamLoss(streamArn: string): Loss {
  return { id: lossId(streamArn, "gone"), sinceMs: before(streamBornAtMs(streamArn)) };
}

/**
 * The first stream that the control table hears of: undefined when it has all that was ever written. It has not when it is
 * older than what it keeps (the control table is new, or was lost), or younger than the table (which was restored).
 */
export function firstStreamLoss(streamArn: string, tableBornAtMs: number | undefined, nowMs: number): Loss | undefined {
  const bornAtMs = streamBornAtMs(streamArn);
  if (bornAtMs === undefined) return undefined;
  const isOld = nowMs - bornAtMs > surelyKeptMs;
  const isLate = tableBornAtMs !== undefined && bornAtMs - tableBornAtMs > togetherMs;
  return isOld || isLate ? { id: lossId(streamArn, "first"), sinceMs: undefined } : undefined;
}

function laggingSince(sinceMs: number | undefined, nowMs: number): number | undefined {
  return before(sinceMs === undefined ? undefined : Math.min(sinceMs, nowMs - keptMs));
}

function before(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms - marginMs;
}

/** Short, since one item holds the losses of all shards. */
function lossId(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
