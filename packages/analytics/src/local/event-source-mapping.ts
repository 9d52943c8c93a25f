import { setTimeout as sleep } from "node:timers/promises";
import type { LambdaBatchAnswer } from "@maru/server/relay/lambda.ts";
import type { LambdaStreamEvent, LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import type { StreamsClient } from "@maru/server/store/client.ts";
import { describeShards, readShard } from "@maru/server/store/stream.ts";
import { toLambdaRecord } from "./lambda-event.ts";
import { type OpenMappingState, openMappingState } from "./mapping-state.ts";

export interface EventSourceMappingOptions {
  readonly client: StreamsClient;
  readonly streamArn: string;
  /** Calls the function; a rejection is a function error. */
  readonly invoke: (event: LambdaStreamEvent) => Promise<LambdaBatchAnswer>;
  /** Where it remembers how far it is. */
  readonly stateFile: string;
  /** Default 500. */
  readonly batchSize?: number;
  /** After an answer that failed, and after an empty read. Default 200. */
  readonly pauseMs?: number;
  readonly onError?: (error: unknown) => void;
  /** The last read of each shard brought nothing, and all before is done. */
  readonly onIdle?: () => void;
}

/**
 * What Lambda's event source mapping does with a table's stream, as far as the function can notice: one batch of a shard at
 * a time, parents before children, the answer's lowest number decides where it goes on, an error halves the batch, and
 * what was done is remembered after the answer, so that a batch may come twice. It tries for ever.
 */
export async function runEventSourceMapping(options: EventSourceMappingOptions, signal: AbortSignal): Promise<void> {
  const { client, streamArn, pauseMs = 200 } = options;
  const state = await openMappingState(options.stateFile, streamArn);
  const running = new Map<string, Promise<void>>();
  const idle = new Set<string>();
  while (!signal.aborted) {
    const shards = await describeShards(client, streamArn);
    const listed = new Set(shards.map(({ shardId }) => shardId));
    for (const { shardId, parentShardId } of shards) {
      const waits = parentShardId !== undefined && listed.has(parentShardId) && !state.of(parentShardId).isFinished;
      if (waits || state.of(shardId).isFinished || running.has(shardId)) continue;
      const onRead = (records: number): void => {
        if (records > 0) return void idle.delete(shardId);
        idle.add(shardId);
        if (idle.size === running.size) options.onIdle?.();
      };
      const reading = readOut(options, state, { shardId, onRead, signal })
        .catch((error) => options.onError?.(error))
        .finally(() => {
          running.delete(shardId);
          idle.delete(shardId);
        });
      running.set(shardId, reading);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running.values());
}

async function readOut(
  options: EventSourceMappingOptions,
  state: OpenMappingState,
  shard: { readonly shardId: string; readonly onRead: (records: number) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { shardId, onRead, signal } = shard;
  const { client, streamArn, pauseMs = 200 } = options;
  const afterSequenceNumber = state.of(shardId).after;
  const reading = { streamArn, shardId, afterSequenceNumber, idleMs: pauseMs, signal };
  try {
    for await (const records of readShard(client, reading)) {
      onRead(records.length);
      await handOver(options, state, {
        shardId,
        records: records.map((one) => toLambdaRecord(one, streamArn)),
        signal,
      });
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  await state.note(shardId, { ...state.of(shardId), isFinished: true });
}

async function handOver(
  { invoke, onError, batchSize = 500, pauseMs = 200 }: EventSourceMappingOptions,
  state: OpenMappingState,
  batch: { readonly shardId: string; readonly records: readonly LambdaStreamRecord[]; readonly signal: AbortSignal },
): Promise<void> {
  const { shardId, signal } = batch;
  let pending = batch.records;
  let size = batchSize;
  while (pending.length > 0) {
    signal.throwIfAborted();
    const records = pending.slice(0, size);
    let done = 0;
    try {
      done = doneOf(records, await invoke({ Records: records }));
      size = batchSize;
    } catch (error) {
      onError?.(error);
      size = Math.max(1, Math.ceil(records.length / 2));
    }
    const after = records[done - 1]?.dynamodb?.SequenceNumber;
    if (after !== undefined) await state.note(shardId, { after });
    pending = pending.slice(done);
    if (done < records.length) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** How many records of a batch are done. A name that is not in it, or none at all, stands for the whole batch. */
function doneOf(records: readonly LambdaStreamRecord[], { batchItemFailures }: LambdaBatchAnswer): number {
  const numbers = records.map(({ dynamodb }) => dynamodb?.SequenceNumber);
  const failed = batchItemFailures.map(({ itemIdentifier }) => Math.max(0, numbers.indexOf(itemIdentifier)));
  return Math.min(records.length, ...failed);
}
