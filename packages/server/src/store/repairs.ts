import { ConditionalCheckFailedException, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import {
  type LeaseTime,
  type Loss,
  type Repair,
  type RepairLease,
  type RepairOutcome,
  type RepairProgress,
  type Repairs,
  withLosses,
} from "../domain/repair.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { backOff } from "./backoff.ts";
import type { LeaseTable } from "./control.ts";
import { reaching, toStoreError } from "./store-error.ts";

export interface RepairTable extends LeaseTable {
  /** Whose stream lost something. */
  readonly roomTable: string;
}

/** The repair of one table, an item of the control table. */
export function createRepairs(table: RepairTable): Repairs {
  // Whoever notes a loss takes the lease away.
  const holding = "epoch = :epoch AND is_done = :false AND attribute_exists(lease_owner)";
  const write = async (lease: RepairLease, expression: string, values: AttributeMap): Promise<RepairOutcome> => {
    const held = { ":epoch": number(lease.epoch), ":false": { BOOL: false } };
    const written = await update(table, expression, holding, { ...values, ...held });
    return { kind: written === undefined ? "lost" : "held" };
  };
  return {
    read: async () => (await read(table))?.repair,
    note: (losses, nowMs) => note(table, losses, nowMs),
    acquire: (owner, time) => acquire(table, owner, time),
    renew: (lease, { nowMs, ttlMs }) =>
      write(lease, "SET expires_at_ms = :expires", { ":expires": number(nowMs + ttlMs) }),
    save: (lease, progress) => write(lease, "SET progress = :progress", { ":progress": progressAttribute(progress) }),
    finish: (lease, progress) =>
      write(lease, "SET progress = :progress, is_done = :true REMOVE lease_owner", {
        ":progress": progressAttribute(progress),
        ":true": { BOOL: true },
      }),
    release: (lease) => write(lease, "REMOVE lease_owner", {}),
  };
}

async function note(
  table: RepairTable,
  losses: readonly Loss[],
  nowMs: number,
): Promise<{ repair: Repair; isNew: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const before = await read(table);
    const repair = withLosses(before?.repair, losses, nowMs);
    if (repair === undefined && before !== undefined) return { repair: before.repair, isNew: false };
    if (repair === undefined) throw new RangeError("a repair needs a loss");
    // The walker's lease goes: it knows only what was noted before.
    const written = await update(
      table,
      "SET losses = :losses, revision = :revision, started_at_ms = :started, walk_since_ms = :walk_since, " +
        "since_ms = :since, progress = :progress, is_done = :false, epoch = if_not_exists(epoch, :zero) REMOVE lease_owner",
      before === undefined ? "attribute_not_exists(sk)" : "revision = :seen AND is_done = :was_done",
      {
        ":losses": { L: repair.losses.map((id) => ({ S: id })) },
        ":revision": number(repair.revision),
        ":started": number(repair.startedAtMs),
        ":walk_since": number(repair.walkSinceMs),
        ":since": repair.sinceMs === undefined ? { NULL: true } : number(repair.sinceMs),
        ":progress": progressAttribute(repair.progress),
        ":false": { BOOL: false },
        ":zero": number(0),
        ...(before !== undefined && {
          ":seen": number(before.repair.revision),
          ":was_done": { BOOL: before.repair.done },
        }),
      },
    );
    if (written !== undefined) return { repair, isNew: true };
    await backOff(attempt);
  }
}

async function acquire(
  table: RepairTable,
  owner: string,
  { nowMs, ttlMs }: LeaseTime,
): Promise<RepairLease | undefined> {
  const item = await update(
    table,
    "SET lease_owner = :owner, expires_at_ms = :expires, epoch = epoch + :one",
    "is_done = :false AND (attribute_not_exists(lease_owner) OR lease_owner = :owner OR expires_at_ms <= :now)",
    {
      ":owner": { S: owner },
      ":expires": number(nowMs + ttlMs),
      ":now": number(nowMs),
      ":one": number(1),
      ":false": { BOOL: false },
    },
  );
  return item && { repair: toRepair(item), epoch: Number(item.epoch?.N) };
}

async function read(table: RepairTable): Promise<{ repair: Repair } | undefined> {
  const command = new GetItemCommand({ TableName: table.tableName, Key: keyOf(table), ConsistentRead: true });
  const { Item } = await reaching(table.client.send(command));
  return Item && { repair: toRepair(Item) };
}

/** The item after the update; undefined when the condition is false. */
async function update(
  table: RepairTable,
  UpdateExpression: string,
  ConditionExpression: string,
  ExpressionAttributeValues: AttributeMap,
): Promise<AttributeMap | undefined> {
  const change = { UpdateExpression, ConditionExpression, ExpressionAttributeValues };
  const command = { ...change, TableName: table.tableName, Key: keyOf(table), ReturnValues: "ALL_NEW" as const };
  try {
    return (await table.client.send(new UpdateItemCommand(command))).Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw toStoreError(error);
  }
}

function keyOf({ roomTable }: RepairTable) {
  return { pk: { S: "repairs" }, sk: { S: roomTable } };
}

function toRepair(item: AttributeMap): Repair {
  const { bucket, after_room_id, rooms_done, events_emitted } = item.progress?.M ?? {};
  const count = (attribute: AttributeMap[string] | undefined) => Number(attribute?.N ?? 0);
  return {
    losses: (item.losses?.L ?? []).map((id) => id.S ?? ""),
    sinceMs: item.since_ms?.N === undefined ? undefined : Number(item.since_ms.N),
    revision: count(item.revision),
    startedAtMs: count(item.started_at_ms),
    walkSinceMs: count(item.walk_since_ms),
    progress: {
      cursor: { bucket: count(bucket), ...(after_room_id?.S !== undefined && { afterRoomId: after_room_id.S }) },
      roomsDone: count(rooms_done),
      eventsEmitted: count(events_emitted),
    },
    done: item.is_done?.BOOL ?? false,
  };
}

function progressAttribute({ cursor, roomsDone, eventsEmitted }: RepairProgress) {
  const { bucket, afterRoomId } = cursor;
  return {
    M: {
      bucket: number(bucket),
      rooms_done: number(roomsDone),
      events_emitted: number(eventsEmitted),
      ...(afterRoomId !== undefined && { after_room_id: { S: afterRoomId } }),
    },
  };
}

function number(value: number) {
  return { N: String(value) };
}
