import type { Kafka } from "kafkajs";
import { askBrokers } from "./admin.ts";
import type { Claim } from "./claim.ts";
import type { ConsumerOptions } from "./consumer-options.ts";
import { KafkaError, OffsetLostError, type TopicPartition } from "./errors.ts";
import { fetchStartOffsets } from "./start-offsets.ts";
import { offsetsOf, type PartitionOffsets } from "./topics.ts";

interface FetchContext {
  kafka: Kafka;
  options: Pick<ConsumerOptions, "groupId" | "fromBeginning" | "onAssigned" | "onOffsetLost">;
}

/** Finds out where new claims start, tells their owner, and lets the fetching begin. Ends early when they are lost meanwhile. */
export async function beginFetching({ kafka, options }: FetchContext, fresh: Claim[]): Promise<void> {
  const signal = AbortSignal.any(fresh.map((claim) => claim.signal));
  try {
    const starts = await fetchStartOffsets(kafka, options, fresh, { signal });
    for (const claim of fresh) {
      const start = offsetsFor(claim, starts);
      claim.highOffset = start.highOffset;
      claim.startOffset = claim.position = await placeWithin(options, claim, start.offset, start);
      claim.startsFrom = claim.startOffset === start.offset ? start.startsFrom : "lost";
    }
    signal.throwIfAborted();
    for (const claim of fresh) claim.announced = true;
    await options.onAssigned?.(fresh);
    for (const claim of fresh) claim.release(claim.position);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The broker no longer has the offset that a held claim wanted: asks where to go on, and goes on there. */
export async function recoverPosition({ kafka, options }: FetchContext, claim: Claim): Promise<void> {
  try {
    const ask = { signal: claim.signal };
    const offsets = await askBrokers(kafka, "read offsets", (admin) => offsetsOf(admin, claim.topic), ask);
    claim.release(await placeWithin(options, claim, claim.position, offsetsFor(claim, offsets)));
  } catch (error) {
    if (!claim.lost) throw error;
  }
}

function offsetsFor<T extends PartitionOffsets & { topic?: string }>(at: TopicPartition, offsets: readonly T[]): T {
  const found = offsets.find((o) => (o.topic ?? at.topic) === at.topic && o.partition === at.partition);
  if (!found) throw new KafkaError(`${at.topic}/${at.partition} was assigned, and the brokers do not know it`);
  return found;
}

async function placeWithin(
  options: FetchContext["options"],
  at: TopicPartition,
  offset: bigint,
  held: PartitionOffsets,
): Promise<bigint> {
  if (held.lowOffset <= offset && offset <= held.highOffset) return offset;
  const error = new OffsetLostError(at, offset, held.lowOffset, held.highOffset);
  const resumeFrom = await options.onOffsetLost?.(error);
  if (resumeFrom === undefined) throw error;
  return resumeFrom;
}
