import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  paginateQuery,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "./attribute-map.ts";
import { reaching, toStoreError } from "./store-error.ts";

/** How far a shard was handed on. */
export interface Checkpoint {
  readonly sequenceNumber: string;
  /** When the table committed that record. What is missed after a loss began here. */
  readonly committedAtMs: number;
}

/** The right to read a shard. Each time it is given it has a higher epoch, and what an older epoch writes is refused. */
export interface Lease {
  readonly streamArn: string;
  readonly shardId: string;
  readonly owner: string;
  readonly epoch: number;
  /** Where the owner before stopped. */
  readonly checkpoint: Checkpoint | undefined;
  readonly sinceMs: number | undefined;
}

export interface ShardState {
  readonly shardId: string;
  /** Undefined when it was released or finished. */
  readonly owner: string | undefined;
  readonly epoch: number;
  readonly expiresAtMs: number;
  readonly checkpoint: Checkpoint | undefined;
  /** What was committed before was handed on, also when the shard itself has no checkpoint; undefined: not known. */
  readonly sinceMs: number | undefined;
  /** Read to its end, so its children may begin. */
  readonly finished: boolean;
}

/** "lost": another owner has the shard now, and nothing was written. */
export type LeaseOutcome = { readonly kind: "held" } | { readonly kind: "lost" };

export interface LeaseTime {
  readonly ttlMs: number;
  readonly nowMs: number;
}

/** Leases of shards, kept in the control table. Clocks only decide when a lease is given away, never who may write. */
export interface Leases {
  /** Undefined when another owner's lease has not expired, or the shard is finished. `sinceMs` is kept the first time. */
  acquire(
    shard: { streamArn: string; shardId: string; owner: string; sinceMs?: number | undefined } & LeaseTime,
  ): Promise<Lease | undefined>;
  renew(lease: Lease, time: LeaseTime): Promise<LeaseOutcome>;
  checkpoint(lease: Lease, checkpoint: Checkpoint): Promise<LeaseOutcome>;
  /** What follows the checkpoint is gone: the shard is read from the oldest record that is left. */
  restart(lease: Lease): Promise<LeaseOutcome>;
  /** The shard is closed, and all of it was handed on. */
  finish(lease: Lease): Promise<LeaseOutcome>;
  /** Another owner may take the shard at once. */
  release(lease: Lease): Promise<LeaseOutcome>;
  /** All shards of the stream that were ever leased. */
  list(streamArn: string): Promise<ShardState[]>;
  /**
   * What was missed of a shard that nobody holds is noted elsewhere, so the shard counts as looked at now; `finished` when
   * there is nothing left of it to read. Writes nothing when somebody took it since `state` was listed.
   */
  settle(streamArn: string, state: ShardState, to: { nowMs: number; finished: boolean }): Promise<void>;
}

export interface LeaseTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

export function createLeases(table: LeaseTable): Leases {
  return {
    acquire: (shard) => acquire(table, shard),
    renew: (lease, { ttlMs, nowMs }) =>
      write(table, lease, "SET expires_at_ms = :expires", { ":expires": number(nowMs + ttlMs) }),
    checkpoint: (lease, { sequenceNumber, committedAtMs }) =>
      write(table, lease, "SET sequence_number = :sequence, committed_at_ms = :committed", {
        ":sequence": { S: sequenceNumber },
        ":committed": number(committedAtMs),
      }),
    restart: (lease) => write(table, lease, "REMOVE sequence_number", {}),
    finish: (lease) => write(table, lease, "SET finished = :true REMOVE #owner", { ":true": { BOOL: true } }),
    release: (lease) => write(table, lease, "REMOVE #owner", {}),
    list: (streamArn) => list(table, streamArn),
    settle: (streamArn, state, to) => settle(table, streamArn, state, to),
  };
}

const OWNER = { "#owner": "owner" };

async function acquire(table: LeaseTable, shard: Parameters<Leases["acquire"]>[0]): Promise<Lease | undefined> {
  const { streamArn, shardId, owner, nowMs, ttlMs, sinceMs } = shard;
  const since = sinceMs === undefined ? "" : ", committed_at_ms = if_not_exists(committed_at_ms, :since)";
  const given = await update(table, shard, {
    UpdateExpression: `SET #owner = :owner, expires_at_ms = :expires, epoch = if_not_exists(epoch, :zero) + :one${since}`,
    ConditionExpression:
      "attribute_not_exists(finished) AND (attribute_not_exists(#owner) OR #owner = :owner OR expires_at_ms <= :now)",
    ExpressionAttributeNames: OWNER,
    ExpressionAttributeValues: {
      ":owner": { S: owner },
      ":expires": number(nowMs + ttlMs),
      ":now": number(nowMs),
      ":zero": number(0),
      ":one": number(1),
      ...(sinceMs !== undefined && { ":since": number(sinceMs) }),
    },
    ReturnValues: "ALL_NEW",
  });
  if (given === undefined) return undefined;
  const { epoch, checkpoint, sinceMs: keptSinceMs } = toShardState(given);
  return { streamArn, shardId, owner, epoch, checkpoint, sinceMs: keptSinceMs };
}

async function settle(
  table: LeaseTable,
  streamArn: string,
  { shardId, epoch, expiresAtMs }: ShardState,
  { nowMs, finished }: { nowMs: number; finished: boolean },
): Promise<void> {
  await update(
    table,
    { streamArn, shardId },
    {
      UpdateExpression: `SET expires_at_ms = :now${finished ? ", finished = :true" : ""} REMOVE #owner`,
      ConditionExpression: "epoch = :epoch AND expires_at_ms = :seen",
      ExpressionAttributeNames: OWNER,
      ExpressionAttributeValues: {
        ":now": number(nowMs),
        ":seen": number(expiresAtMs),
        ":epoch": number(epoch),
        ...(finished && { ":true": { BOOL: true } }),
      },
    },
  );
}

async function write(
  table: LeaseTable,
  lease: Lease,
  UpdateExpression: string,
  values: AttributeMap,
): Promise<LeaseOutcome> {
  const written = await update(table, lease, {
    UpdateExpression,
    // A released lease keeps its epoch until the next one is given, but nobody holds it.
    ConditionExpression: "epoch = :epoch AND attribute_exists(#owner)",
    ExpressionAttributeNames: OWNER,
    ExpressionAttributeValues: { ...values, ":epoch": number(lease.epoch) },
  });
  return written === undefined ? { kind: "lost" } : { kind: "held" };
}

/** Undefined when the condition is false. */
async function update(
  table: LeaseTable,
  shard: { streamArn: string; shardId: string },
  input: Omit<UpdateItemCommandInput, "TableName" | "Key">,
): Promise<AttributeMap | undefined> {
  const Key = { pk: { S: partitionKey(shard.streamArn) }, sk: { S: shard.shardId } };
  try {
    const { Attributes } = await table.client.send(
      new UpdateItemCommand({ ...input, TableName: table.tableName, Key }),
    );
    return Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw toStoreError(error);
  }
}

async function list({ client, tableName }: LeaseTable, streamArn: string): Promise<ShardState[]> {
  const query = {
    TableName: tableName,
    ConsistentRead: true,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": { S: partitionKey(streamArn) } },
  };
  const pages = await reaching(Array.fromAsync(paginateQuery({ client }, query)));
  return pages.flatMap((page) => page.Items ?? []).map(toShardState);
}

function partitionKey(streamArn: string): string {
  return `shards#${streamArn}`;
}

function number(value: number): AttributeValue.NMember {
  return { N: String(value) };
}

function toShardState(item: AttributeMap): ShardState {
  const sequenceNumber = item.sequence_number?.S;
  const committedAtMs = item.committed_at_ms?.N === undefined ? undefined : Number(item.committed_at_ms.N);
  return {
    shardId: item.sk?.S ?? "",
    owner: item.owner?.S,
    epoch: Number(item.epoch?.N),
    expiresAtMs: Number(item.expires_at_ms?.N),
    checkpoint: sequenceNumber === undefined ? undefined : { sequenceNumber, committedAtMs: committedAtMs ?? 0 },
    sinceMs: committedAtMs,
    finished: item.finished?.BOOL ?? false,
  };
}
