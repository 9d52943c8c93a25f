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
}

export interface ShardState {
  readonly shardId: string;
  /** Undefined when it was released or finished. */
  readonly owner: string | undefined;
  readonly epoch: number;
  readonly expiresAtMs: number;
  readonly checkpoint: Checkpoint | undefined;
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
  /** Undefined when another owner's lease has not expired, or the shard is finished. */
  acquire(shard: { streamArn: string; shardId: string; owner: string } & LeaseTime): Promise<Lease | undefined>;
  renew(lease: Lease, time: LeaseTime): Promise<LeaseOutcome>;
  checkpoint(lease: Lease, checkpoint: Checkpoint): Promise<LeaseOutcome>;
  /** The shard is closed, and all of it was handed on. */
  finish(lease: Lease): Promise<LeaseOutcome>;
  /** Another owner may take the shard at once. */
  release(lease: Lease): Promise<LeaseOutcome>;
  /** All shards of the stream that were ever leased. */
  list(streamArn: string): Promise<ShardState[]>;
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
    finish: (lease) => write(table, lease, "SET finished = :true REMOVE #owner", { ":true": { BOOL: true } }),
    release: (lease) => write(table, lease, "REMOVE #owner", {}),
    list: (streamArn) => list(table, streamArn),
  };
}

const OWNER = { "#owner": "owner" };

async function acquire(table: LeaseTable, shard: Parameters<Leases["acquire"]>[0]): Promise<Lease | undefined> {
  const { streamArn, shardId, owner, nowMs, ttlMs } = shard;
  const given = await update(table, shard, {
    UpdateExpression: "SET #owner = :owner, expires_at_ms = :expires, epoch = if_not_exists(epoch, :zero) + :one",
    ConditionExpression:
      "attribute_not_exists(finished) AND (attribute_not_exists(#owner) OR #owner = :owner OR expires_at_ms <= :now)",
    ExpressionAttributeNames: OWNER,
    ExpressionAttributeValues: {
      ":owner": { S: owner },
      ":expires": number(nowMs + ttlMs),
      ":now": number(nowMs),
      ":zero": number(0),
      ":one": number(1),
    },
    ReturnValues: "ALL_NEW",
  });
  if (given === undefined) return undefined;
  const { epoch, checkpoint } = toShardState(given);
  return { streamArn, shardId, owner, epoch, checkpoint };
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
  return {
    shardId: item.sk?.S ?? "",
    owner: item.owner?.S,
    epoch: Number(item.epoch?.N),
    expiresAtMs: Number(item.expires_at_ms?.N),
    checkpoint:
      sequenceNumber === undefined ? undefined : { sequenceNumber, committedAtMs: Number(item.committed_at_ms?.N) },
    finished: item.finished?.BOOL ?? false,
  };
}
