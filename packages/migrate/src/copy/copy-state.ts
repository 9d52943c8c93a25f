import type { Position } from "../room-log/position.ts";
import type { SourceTable } from "../room-log/source-rows.ts";
import type { RoomSpan } from "../source/source-queries.ts";

/** What a migration knows of its copy, in the control table under `copy`. */
export interface CopyState {
  readonly mappingHash: string;
  readonly slot: string;
  /** Where the slot begins: everything that is committed later is told by it. */
  readonly position: Position;
  readonly startedAt: string;
  readonly chunkCount: number;
}

export interface Counts {
  readonly source: number;
  readonly copied: number;
  readonly rejected: number;
}

/** Rooms that are copied together, under `chunk#…`. */
export interface Chunk extends RoomSpan {
  readonly status: "open" | "started" | "done";
  /** Of the snapshot that it was copied from. */
  readonly position?: Position;
  readonly counts?: Readonly<Record<SourceTable, Counts>>;
  readonly writeUnits?: number;
}

export const copyKey = "copy";
export const chunkPrefix = "chunk#";

export function chunkKey(index: number): string {
  return chunkPrefix + String(index).padStart(7, "0");
}

/** Chunks that cover all ids, whatever rooms are made meanwhile. */
export function toChunks(bounds: readonly string[]): Chunk[] {
  return Array.from({ length: bounds.length + 1 }, (_, index) => ({
    status: "open",
    after: bounds[index - 1],
    upTo: bounds[index],
  }));
}

export function sumCounts(all: Iterable<Readonly<Record<SourceTable, Counts>>>): Record<SourceTable, Counts> {
  const sum: Record<SourceTable, Counts> = { rooms: none, participants: none, messages: none, attachments: none };
  for (const counts of all) {
    for (const table of Object.keys(sum) as SourceTable[]) {
      const [a, b] = [sum[table], counts[table]];
      sum[table] = { source: a.source + b.source, copied: a.copied + b.copied, rejected: a.rejected + b.rejected };
    }
  }
  return sum;
}

const none: Counts = { source: 0, copied: 0, rejected: 0 };
