import type { Change } from "../domain/change.ts";
import type { StreamsClient, TableClient } from "../store/client.ts";
import {
  describeShards,
  readShard,
  readStreamArn,
  readTableBornAtMs,
  type Shard,
  type StreamRecord,
} from "../store/stream.ts";

export interface ChangeRecord {
  readonly sequenceNumber: string;
  /** By the stream, to the second. */
  readonly committedAtMs: number;
  readonly change: Change;
  /** The record as it came, for what cannot be read. */
  readonly raw: unknown;
}

/** The stream of one table, as changes. */
export interface TableStream {
  readonly tableName: string;
  /** Undefined when the table has no stream. */
  arn(): Promise<string | undefined>;
  /** When the table was made; undefined when that is not known. */
  tableBornAtMs(): Promise<number | undefined>;
  /** None when the stream is gone. */
  shards(streamArn: string): Promise<Shard[]>;
  /** Page by page, also empty ones, until the closed shard's end; throws the signal's reason, or StreamTrimmedError. */
  read(
    position: { streamArn: string; shardId: string; afterSequenceNumber: string | undefined },
    signal: AbortSignal,
  ): AsyncIterable<readonly ChangeRecord[]>;
}

export interface TableStreamDeps {
  readonly client: TableClient;
  readonly streams: StreamsClient;
  readonly tableName: string;
  readonly toChange: (record: StreamRecord) => Change;
}

export function createTableStream({ client, streams, tableName, toChange }: TableStreamDeps): TableStream {
  return {
    tableName,
    arn: () => readStreamArn(client, tableName),
    tableBornAtMs: () => readTableBornAtMs(client, tableName),
    async shards(streamArn) {
      try {
        return await describeShards(streams, streamArn);
      } catch (error) {
        if (isGone(error)) return [];
        throw error;
      }
    },
    async *read(position, signal) {
      // The relay pauses itself: how long depends on what it has seen.
      for await (const records of readShard(streams, { ...position, idleMs: 0, signal }))
        yield records.map((record) => toChangeRecord(record, toChange));
    },
  };
}

function toChangeRecord(record: StreamRecord, toChange: TableStreamDeps["toChange"]): ChangeRecord {
  const { SequenceNumber, ApproximateCreationDateTime } = record.dynamodb ?? {};
  if (SequenceNumber === undefined) throw new TypeError("a record of the table's stream has no sequence number");
  return {
    sequenceNumber: SequenceNumber,
    committedAtMs: ApproximateCreationDateTime?.getTime() ?? 0,
    change: toChange(record),
    raw: record,
  };
}

/** 24 hours after it was turned off, a stream is no longer known. */
function isGone(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.name === "ResourceNotFoundException";
}
