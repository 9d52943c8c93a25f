import { setTimeout as sleep } from "node:timers/promises";
import { DescribeTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  ResourceNotFoundException,
  TrimmedDataAccessException,
} from "@aws-sdk/client-dynamodb-streams";
import { reaching, toStoreError } from "./store-error.ts";
import { StreamTrimmedError } from "./stream-errors.ts";

export type StreamRecord = _Record;

export interface Shard {
  readonly shardId: string;
  /** Has to be read to its end first. It may be gone already. */
  readonly parentShardId: string | undefined;
  /** Still written to. */
  readonly open: boolean;
}

export interface ShardPosition {
  readonly streamArn: string;
  readonly shardId: string;
  /** Undefined: the oldest record that is there. */
  readonly afterSequenceNumber: string | undefined;
}

export interface ShardReading extends ShardPosition {
  /** Pause after an answer without records. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** Default: the machine's clock. */
  readonly nowMs?: () => number;
}

/** Streams keep records for 24 hours. */
const SURELY_KEPT_MS = 23 * 3_600_000;
const TRIMMED_IN_A_ROW = 3;

/** The stream that the table writes to now; undefined when it has none. A stream that was turned off and on has a new name. */
export async function readStreamArn(client: DynamoDBClient, tableName: string): Promise<string | undefined> {
  const { Table } = await reaching(client.send(new DescribeTableCommand({ TableName: tableName })));
  return Table?.StreamSpecification?.StreamEnabled ? Table.LatestStreamArn : undefined;
}

/** When a stream was made: its name ends with the time. Undefined for a name that does not. */
export function streamBornAtMs(streamArn: string): number | undefined {
  const [, label] = /\/stream\/(\d{4}-\d\d-\d\dT[\d:.]+)$/.exec(streamArn) ?? [];
  const bornAtMs = Date.parse(`${label}Z`);
  return Number.isNaN(bornAtMs) ? undefined : bornAtMs;
}

/** When the table was made; a table that was restored was made then. */
export async function readTableBornAtMs(client: DynamoDBClient, tableName: string): Promise<number | undefined> {
  const { Table } = await reaching(client.send(new DescribeTableCommand({ TableName: tableName })));
  return Table?.CreationDateTime?.getTime();
}

/** All shards, parents and children in no order. */
export async function describeShards(client: DynamoDBStreamsClient, streamArn: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let startShardId: string | undefined;
  do {
    const command = new DescribeStreamCommand({ StreamArn: streamArn, ExclusiveStartShardId: startShardId });
    const { StreamDescription } = await reaching(client.send(command));
    for (const { ShardId, ParentShardId, SequenceNumberRange } of StreamDescription?.Shards ?? [])
      if (ShardId !== undefined)
        shards.push({
          shardId: ShardId,
          parentShardId: ParentShardId,
          open: SequenceNumberRange?.EndingSequenceNumber === undefined,
        });
    startShardId = StreamDescription?.LastEvaluatedShardId;
  } while (startShardId !== undefined);
  return shards;
}

/**
 * The records of a shard, answer by answer, empty ones too, so that the reader can look after its lease. It ends only
 * when the shard is closed and was read to its end; when the signal is aborted it throws the signal's reason.
 */
export async function* readShard(
  client: DynamoDBStreamsClient,
  reading: ShardReading,
): AsyncGenerator<readonly StreamRecord[], void, void> {
  const { signal, idleMs } = reading;
  let position: ShardPosition = reading;
  const { nowMs = Date.now } = reading;
  let askedAtMs = nowMs();
  let trimmedInARow = 0;
  let iterator: string | undefined = await getIterator(client, position, signal);
  while (iterator !== undefined) {
    signal.throwIfAborted();
    const answer: Answer = await getRecords(client, iterator, position, signal);
    if (answer instanceof Error) {
      const isTrimmed = answer instanceof TrimmedDataAccessException;
      trimmedInARow = isTrimmed ? trimmedInARow + 1 : 0;
      // Without a position the stream cannot say that something was trimmed meanwhile.
      const maybeMissed = nowMs() - askedAtMs > SURELY_KEPT_MS || trimmedInARow > TRIMMED_IN_A_ROW;
      if (position.afterSequenceNumber === undefined ? maybeMissed : isTrimmed)
        throw new StreamTrimmedError(position, { cause: answer, gone: false });
      askedAtMs = nowMs();
      iterator = await getIterator(client, position, signal);
      continue;
    }
    trimmedInARow = 0;
    askedAtMs = nowMs();
    const records = answer.Records ?? [];
    const last = records.at(-1)?.dynamodb?.SequenceNumber;
    if (last !== undefined) position = { ...position, afterSequenceNumber: last };
    iterator = answer.NextShardIterator ?? undefined;
    yield records;
    if (records.length === 0 && iterator !== undefined) await idle(idleMs, signal);
  }
}

async function getIterator(
  client: DynamoDBStreamsClient,
  position: ShardPosition,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { streamArn, shardId, afterSequenceNumber } = position;
  const command = new GetShardIteratorCommand({
    StreamArn: streamArn,
    ShardId: shardId,
    ShardIteratorType: afterSequenceNumber === undefined ? "TRIM_HORIZON" : "AFTER_SEQUENCE_NUMBER",
    SequenceNumber: afterSequenceNumber,
  });
  try {
    return (await client.send(command, { abortSignal: signal })).ShardIterator;
  } catch (error) {
    throw toStreamError(error, position, signal);
  }
}

/**
 * An error asks for another iterator. Iterators live for 15 minutes: the reader was slow, and what it has not seen is still
 * there, or is said to be trimmed. And an iterator from before a shard's first record is said to be behind what was trimmed,
 * by DynamoDB Local once there are records: who has read nothing yet, and asked just now, has missed none.
 */
type Answer = GetRecordsCommandOutput | ExpiredIteratorException | TrimmedDataAccessException;

async function getRecords(
  client: DynamoDBStreamsClient,
  iterator: string,
  position: ShardPosition,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    return await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 1_000 }), { abortSignal: signal });
  } catch (error) {
    if (error instanceof ExpiredIteratorException || error instanceof TrimmedDataAccessException) return error;
    throw toStreamError(error, position, signal);
  }
}

function toStreamError(error: unknown, position: ShardPosition, signal: AbortSignal): unknown {
  if (error instanceof TrimmedDataAccessException || error instanceof ResourceNotFoundException)
    return new StreamTrimmedError(position, { cause: error, gone: error instanceof ResourceNotFoundException });
  return toStoreError(error, signal);
}

async function idle(idleMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(idleMs, undefined, { signal });
  } catch (error) {
    throw toStoreError(error, signal);
  }
}
