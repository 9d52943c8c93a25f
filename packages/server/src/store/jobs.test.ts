import { type DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { ErrorReason, JobKind } from "@maru/protocol";
import { expect, test } from "vitest";
import { type JobLease, noProgress } from "../domain/admin/job.ts";
import { createJobStore } from "./jobs.ts";

const times = { createdAtMs: 0, updatedAtMs: 0 };
const job = { jobId: "j", kind: JobKind.RETENTION, userId: "", caller: "", isDone: false, lastError: "", ...times };
const lease: JobLease = { job: { ...job, progress: noProgress }, epoch: 1 };

/** Finishes a job in a table that cancels the transaction with these codes, one after the other, and then takes it. */
async function finishAfter(...codes: string[]) {
  const left = [...codes];
  const send = async () => {
    const Code = left.shift();
    if (Code === undefined) return {};
    const CancellationReasons = [{ Code }, { Code: "None" }];
    throw new TransactionCanceledException({ $metadata: {}, message: "cancelled", CancellationReasons });
  };
  const client = { send } as unknown as DynamoDBClient;
  return createJobStore({ client, tableName: "control" }).finish(lease, noProgress, 0);
}

test("a lease is lost only when its condition is false", async () => {
  expect(await finishAfter("ConditionalCheckFailed")).toEqual({ kind: "lost" });
});

test("a job that another server asks for at that moment is finished all the same", async () => {
  expect(await finishAfter("TransactionConflict", "TransactionConflict")).toEqual({ kind: "held" });
  expect(await finishAfter("TransactionConflict", "ConditionalCheckFailed")).toEqual({ kind: "lost" });
});

test("a table that throttles is unavailable, and the job is not lost", async () => {
  await expect(finishAfter("ThrottlingError")).rejects.toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE });
});
