import type { Batch, EachBatchPayload } from "kafkajs";
import { toError } from "./assignment.ts";
import type { Claim } from "./claim.ts";
import type { ConsumerOptions } from "./consumer-options.ts";
import type { TopicPartition } from "./errors.ts";
import { whileHeartbeating } from "./membership.ts";
import { toRecord } from "./record.ts";

interface BatchContext {
  options: Pick<ConsumerOptions, "onBatch" | "heartbeatIntervalMs">;
  find(at: TopicPartition): Claim | undefined;
  end(error: Error): void;
}

/** Hands one fetched batch to its claim's owner. A batch that is not resolved here is fetched again. */
export async function takeBatch(context: BatchContext, payload: EachBatchPayload): Promise<void> {
  const { options, find, end } = context;
  const batch = payload.batch as Batch & { fetchedOffset: string };
  const at = { topic: batch.topic, partition: batch.partition };
  const claim = find(at);
  if (!claim?.flowing || payload.isStale() || !claim.follows(BigInt(batch.fetchedOffset))) return;

  claim.commitThrough(payload.commitOffsetsIfNecessary);
  claim.highOffset = BigInt(batch.highWatermark);
  const from = claim.position;
  let taken = false;
  const records = batch.messages.map((message) => toRecord(at, message));
  const take = async (): Promise<void> => {
    try {
      await options.onBatch(claim, records);
      taken = true;
    } catch (error) {
      end(toError(error)); // not awaited: it waits for this batch
    }
  };
  await whileHeartbeating(payload.heartbeat, (options.heartbeatIntervalMs ?? 3000) / 2, take());
  if (!taken || claim.lost || payload.isStale() || claim.position !== from) return;
  payload.resolveOffset(batch.lastOffset());
  claim.position = BigInt(batch.lastOffset()) + 1n;
}
