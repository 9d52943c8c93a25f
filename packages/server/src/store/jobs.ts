import { createHash } from "node:crypto";
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { JobKind } from "@maru/protocol";
import type { JobLease, JobOutcome, JobProgress, JobRecord, JobStore, LeaseTime, NewJob } from "../domain/admin/job.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { backOff } from "./backoff.ts";
import { reaching, storeUnavailable, toStoreError } from "./store-error.ts";

export interface JobTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

const allJobs = "jobs";
/** Those that are not done, so that looking for work costs the same however many there were. */
const runningJobs = "jobs#running";
const jobKeys = "jobs#keys";
const finishAttempts = 5;

/** Jobs in the control table. */
export function createJobStore(table: JobTable): JobStore {
  return {
    start: (job) => start(table, job),
    read: (jobId) => read(table, jobId),
    list: (beforeJobId, limit) => list(table, beforeJobId, limit),
    listRunning: (afterJobId, limit) => listRunning(table, afterJobId, limit),
    acquire: (jobId, owner, time) => acquire(table, jobId, owner, time),
    save: (lease, progress, { nowMs, ttlMs }) =>
      write(table, lease, {
        ...progressAttributes(progress),
        updated_at_ms: number(nowMs),
        expires_at_ms: number(nowMs + ttlMs),
        last_error: { S: "" },
      }),
    finish: (lease, progress, nowMs) => finish(table, lease, progress, nowMs),
    release: (lease, lastError, nowMs) =>
      write(table, lease, { expires_at_ms: number(0), last_error: { S: lastError }, updated_at_ms: number(nowMs) }),
  };
}

/** Ids rise with time, so that the newest are found first; the key tells a repeated start. */
async function start(table: JobTable, job: NewJob): Promise<JobRecord> {
  const keyHash = createHash("sha256").update(`${job.caller}\n${job.key}`).digest("hex").slice(0, 32);
  const jobId = `${new Date(job.nowMs).toISOString().replace(/\D/g, "")}-${keyHash.slice(0, 12)}`;
  const item = { pk: { S: allJobs }, sk: { S: jobId }, ...newAttributes(job) };
  const isNew = { ConditionExpression: "attribute_not_exists(sk)" };
  const put = (Item: AttributeMap) => ({ Put: { TableName: table.tableName, Item, ...isNew } });
  const command = new TransactWriteItemsCommand({
    TransactItems: [
      put({ pk: { S: jobKeys }, sk: { S: keyHash }, job_id: { S: jobId } }),
      put(item),
      put({ pk: { S: runningJobs }, sk: { S: jobId } }),
    ],
  });
  try {
    await table.client.send(command);
    return toRecord(item);
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw toStoreError(error);
    const existing = await readByKey(table, keyHash);
    if (existing === undefined) throw toStoreError(error);
    return existing;
  }
}

async function readByKey(table: JobTable, keyHash: string): Promise<JobRecord | undefined> {
  const found = await get(table, jobKeys, keyHash);
  return found?.job_id?.S === undefined ? undefined : read(table, found.job_id.S);
}

async function read(table: JobTable, jobId: string): Promise<JobRecord | undefined> {
  const item = await get(table, allJobs, jobId);
  return item && toRecord(item);
}

async function list(table: JobTable, beforeJobId: string | undefined, limit: number): Promise<JobRecord[]> {
  const command = new QueryCommand({
    TableName: table.tableName,
    ConsistentRead: true,
    KeyConditionExpression: beforeJobId === undefined ? "pk = :pk" : "pk = :pk AND sk < :before",
    ExpressionAttributeValues: {
      ":pk": { S: allJobs },
      ...(beforeJobId !== undefined && { ":before": { S: beforeJobId } }),
    },
    ScanIndexForward: false,
    Limit: limit,
  });
  const { Items = [] } = await reaching(table.client.send(command));
  return Items.map(toRecord);
}

async function listRunning(table: JobTable, afterJobId: string | undefined, limit: number): Promise<JobRecord[]> {
  const command = new QueryCommand({
    TableName: table.tableName,
    ConsistentRead: true,
    KeyConditionExpression: afterJobId === undefined ? "pk = :pk" : "pk = :pk AND sk > :after",
    ExpressionAttributeValues: {
      ":pk": { S: runningJobs },
      ...(afterJobId !== undefined && { ":after": { S: afterJobId } }),
    },
    Limit: limit,
  });
  const { Items = [] } = await reaching(table.client.send(command));
  const records = await Promise.all(Items.map(({ sk }) => read(table, sk?.S ?? "")));
  return records.filter((record) => record !== undefined);
}

async function acquire(
  table: JobTable,
  jobId: string,
  owner: string,
  { nowMs, ttlMs }: LeaseTime,
): Promise<JobLease | undefined> {
  const item = await update(table, jobId, {
    UpdateExpression: "SET lease_owner = :owner, expires_at_ms = :expires, epoch = epoch + :one",
    ConditionExpression: "attribute_exists(sk) AND is_done = :false AND expires_at_ms <= :now",
    ExpressionAttributeValues: {
      ":owner": { S: owner },
      ":expires": number(nowMs + ttlMs),
      ":now": number(nowMs),
      ":one": number(1),
      ":false": { BOOL: false },
    },
  });
  return item && { job: toRecord(item), epoch: Number(item.epoch?.N) };
}

/** Sets attributes as long as the lease is the newest one. */
async function write(table: JobTable, lease: JobLease, set: AttributeMap): Promise<JobOutcome> {
  const item = await update(table, lease.job.jobId, {
    ...setExpression(set),
    ConditionExpression: "epoch = :epoch AND is_done = :false",
    ExpressionAttributeValues: {
      ...setExpression(set).ExpressionAttributeValues,
      ":epoch": number(lease.epoch),
      ":false": { BOOL: false },
    },
  });
  return { kind: item === undefined ? "lost" : "held" };
}

async function finish(table: JobTable, lease: JobLease, progress: JobProgress, nowMs: number): Promise<JobOutcome> {
  const { jobId } = lease.job;
  const { UpdateExpression, ExpressionAttributeValues } = setExpression({
    ...progressAttributes(progress),
    updated_at_ms: number(nowMs),
    last_error: { S: "" },
    is_done: { BOOL: true },
  });
  const transaction: TransactWriteItemsCommandInput = {
    TransactItems: [
      {
        Update: {
          TableName: table.tableName,
          Key: { pk: { S: allJobs }, sk: { S: jobId } },
          UpdateExpression,
          ConditionExpression: "epoch = :epoch AND is_done = :false",
          ExpressionAttributeValues: {
            ...ExpressionAttributeValues,
            ":epoch": number(lease.epoch),
            ":false": { BOOL: false },
          },
        },
      },
      { Delete: { TableName: table.tableName, Key: { pk: { S: runningJobs }, sk: { S: jobId } } } },
    ],
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await table.client.send(new TransactWriteItemsCommand(transaction));
      return { kind: "held" };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw toStoreError(error);
      const codes = new Set((error.CancellationReasons ?? []).map(({ Code }) => Code));
      if (codes.has("ConditionalCheckFailed")) return { kind: "lost" };
      // Another server has just asked whether the job is free.
      if (!codes.has("TransactionConflict") || attempt === finishAttempts) throw storeUnavailable(error);
      await backOff(attempt);
    }
  }
}

interface Update {
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues: AttributeMap;
}

/** The item after the update; undefined when the condition is false, or the job is just being finished. */
async function update(table: JobTable, jobId: string, change: Update): Promise<AttributeMap | undefined> {
  const Key = { pk: { S: allJobs }, sk: { S: jobId } };
  try {
    const command = new UpdateItemCommand({ ...change, TableName: table.tableName, Key, ReturnValues: "ALL_NEW" });
    return (await table.client.send(command)).Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    // Only `finish` is a transaction on a job that exists.
    if (error instanceof TransactionConflictException) return undefined;
    throw toStoreError(error);
  }
}

async function get(table: JobTable, pk: string, sk: string): Promise<AttributeMap | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key: { pk: { S: pk }, sk: { S: sk } },
    ConsistentRead: true,
  });
  return (await reaching(table.client.send(command))).Item;
}

function setExpression(set: AttributeMap): Pick<Update, "UpdateExpression" | "ExpressionAttributeValues"> {
  const names = Object.keys(set);
  return {
    UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(", ")}`,
    ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, set[name] as AttributeValue])),
  };
}

function newAttributes({ kind, userId, scope, caller, nowMs }: NewJob): AttributeMap {
  return {
    kind: { S: JobKind[kind] ?? "" },
    user_id: { S: userId },
    ...(scope !== undefined && { scope: { S: scope } }),
    caller: { S: caller },
    is_done: { BOOL: false },
    epoch: number(0),
    expires_at_ms: number(0),
    created_at_ms: number(nowMs),
    updated_at_ms: number(nowMs),
    last_error: { S: "" },
    progress_cursor: { S: "" },
    rooms_done: number(0),
    rooms_total: number(0),
    entries_changed: number(0),
  };
}

function progressAttributes({ cursor, roomsDone, roomsTotal, entriesChanged, report }: JobProgress): AttributeMap {
  return {
    progress_cursor: { S: cursor },
    rooms_done: number(roomsDone),
    rooms_total: number(roomsTotal),
    entries_changed: number(entriesChanged),
    ...(report !== undefined && { report: { S: report } }),
  };
}

function toRecord(item: AttributeMap): JobRecord {
  const count = (name: string) => Number(item[name]?.N ?? 0);
  return {
    jobId: item.sk?.S ?? "",
    kind: JobKind[(item.kind?.S ?? "UNSPECIFIED") as keyof typeof JobKind] ?? JobKind.UNSPECIFIED,
    userId: item.user_id?.S ?? "",
    ...(item.scope?.S !== undefined && { scope: item.scope.S }),
    caller: item.caller?.S ?? "",
    isDone: item.is_done?.BOOL ?? false,
    progress: {
      cursor: item.progress_cursor?.S ?? "",
      roomsDone: count("rooms_done"),
      roomsTotal: count("rooms_total"),
      entriesChanged: count("entries_changed"),
      ...(item.report?.S !== undefined && { report: item.report.S }),
    },
    createdAtMs: count("created_at_ms"),
    updatedAtMs: count("updated_at_ms"),
    lastError: item.last_error?.S ?? "",
  };
}

function number(value: number): AttributeValue.NMember {
  return { N: String(value) };
}
