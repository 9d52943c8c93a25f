import { AsyncLocalStorage } from "node:async_hooks";
import {
  type ConsumedRecord,
  type ConsumerDriver,
  type ConsumerOptions,
  type KafkaConnection,
  OffsetLostError,
  type RevokeReason,
  type TopicPartition,
} from "@maru/kafka";
import type { BrokerWeather } from "./broker-weather.ts";
import { MemoryClaim } from "./memory-claim.ts";
import type { GroupMember, MemoryGroup } from "./memory-group.ts";
import type { TopicLog } from "./topic-log.ts";

export interface MemoryConsumerDeps {
  readonly options: Omit<ConsumerOptions, keyof KafkaConnection>;
  readonly group: MemoryGroup;
  readonly logOf: (topic: string) => TopicLog;
  readonly weather: BrokerWeather;
}

const commitRetryMs = 50;

/** A member of a group in memory: what `startConsumer` of `@maru/kafka` is to real brokers. */
export async function startMemoryConsumer(deps: MemoryConsumerDeps): Promise<ConsumerDriver> {
  const { options, group, logOf, weather } = deps;
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {}); // also told to onCrash
  const stopping = new AbortController();
  let claims: MemoryClaim[] = [];
  let ending: Promise<void> | undefined;
  const inHand = new Set<Promise<void>>();

  /** What others set off is this consumer's doing all the same: a handler does not run in the trace of who sent. */
  const inOwnContext = AsyncLocalStorage.snapshot();
  const control = { wake: (claim: MemoryClaim) => void pump(claim), commit };
  const member: GroupMember = {
    topics: options.topics,
    revoke: (reason) => inOwnContext(() => void revoke(reason)),
    assign: (partitions, generation) => inOwnContext(assign, partitions, generation),
  };

  function assign(partitions: readonly TopicPartition[], generation: number): void {
    if (ending) return;
    claims = partitions.map((at) => new MemoryClaim(at, generation, control));
    if (claims.length > 0) beginFetching(claims).catch(endWith);
  }

  async function beginFetching(fresh: readonly MemoryClaim[]): Promise<void> {
    const isLost = () => fresh.some((claim) => claim.lost);
    try {
      await weather.before("ask");
      for (const claim of fresh) {
        const held = heldOf(claim);
        claim.highOffset = held.highOffset;
        const committed = group.committed(claim.topic).get(claim.partition);
        const wanted = committed ?? (options.fromBeginning ? held.lowOffset : held.highOffset);
        claim.startOffset = claim.position = await placeWithin(claim, wanted);
        const newGroup = options.fromBeginning ? "oldest" : "newest";
        claim.startsFrom = claim.startOffset !== wanted ? "lost" : committed === undefined ? newGroup : "committed";
      }
      if (isLost()) return;
      for (const claim of fresh) claim.announced = true;
      await options.onAssigned?.([...fresh]);
      if (!ending) for (const claim of fresh) claim.release(claim.position);
    } catch (error) {
      if (!isLost()) throw error;
    }
  }

  const heldOf = ({ topic, partition }: MemoryClaim) => {
    const log = logOf(topic).partitions[partition];
    if (log === undefined) throw new RangeError(`topic ${topic} has no partition ${partition}`);
    return log;
  };

  async function placeWithin(claim: MemoryClaim, offset: bigint): Promise<bigint> {
    const { lowOffset, highOffset } = heldOf(claim);
    if (lowOffset <= offset && offset <= highOffset) return offset;
    const error = new OffsetLostError(claim, offset, lowOffset, highOffset);
    const resumeFrom = await options.onOffsetLost?.(error);
    if (resumeFrom === undefined) throw error;
    return resumeFrom;
  }

  /** Hands over batch after batch, while there is something and its owner wants it. */
  async function pump(claim: MemoryClaim): Promise<void> {
    if (claim.busy) return;
    claim.busy = true;
    try {
      while (claim.flowing && heldOf(claim).highOffset !== claim.position) {
        await weather.before("fetch");
        if (!claim.flowing) break;
        const log = heldOf(claim);
        if (claim.position < log.lowOffset || claim.position > log.highOffset) {
          await recoverPosition(claim);
          continue;
        }
        const batch = log.fetch(claim.position, options.maxPartitionBytes ?? 1024 * 1024);
        const [from, end] = [claim.position, (batch.at(-1)?.offset ?? log.highOffset - 1n) + 1n];
        const highOffset = log.highOffset;
        await weather.after("fetch");
        if (!claim.flowing || claim.position !== from) continue;
        claim.highOffset = highOffset;
        if (batch.length > 0)
          await handOver(
            claim,
            batch.map((record) => ({ ...record })),
          );
        if (claim.position === from) claim.position = end;
      }
    } catch (error) {
      if (!claim.lost) endWith(error);
    } finally {
      claim.busy = false;
    }
  }

  async function recoverPosition(claim: MemoryClaim): Promise<void> {
    claim.hold();
    claim.release(await placeWithin(claim, claim.position));
  }

  async function handOver(claim: MemoryClaim, records: ConsumedRecord[]): Promise<void> {
    claim.handedOver = true;
    const taken = (async () => options.onBatch(claim, records))();
    inHand.add(taken);
    try {
      await taken;
    } catch (error) {
      endWith(error); // also of a partition that is lost by now
    } finally {
      inHand.delete(taken);
    }
  }

  async function commit(claim: MemoryClaim, nextOffset: bigint): Promise<boolean> {
    for (let tries = 1; !claim.lost; tries++) {
      try {
        if (weather.loses("commit")) throw new Error("the request was lost");
        const isStored = group.commit({ member, generation: claim.generation }, claim, nextOffset);
        await weather.after("commit");
        return isStored;
      } catch {
        await pause(Math.min(1000, commitRetryMs * 2 ** tries));
      }
    }
    return false;
  }

  async function revoke(reason: RevokeReason): Promise<void> {
    const announced = claims.filter((claim) => claim.announced);
    if (reason === "crash") drop();
    try {
      const told = announced.length > 0 ? options.onRevoked?.(announced, reason) : undefined;
      if (reason === "rebalance") drop();
      await told;
    } catch (error) {
      if (reason === "rebalance") drop();
      endWith(error);
    }
  }

  function drop(): void {
    for (const claim of claims) claim.lose();
    claims = [];
  }

  function end(error?: Error): Promise<void> {
    if (ending) return ending;
    if (error) tellCrash(options, error);
    ending = Promise.resolve().then(async () => {
      for (const claim of claims) claim.hold();
      await revoke(error ? "crash" : "close");
      drop();
      stopping.abort();
      await Promise.allSettled(inHand);
      await group.leave(member);
      if (error) ended.reject(error);
      else ended.resolve();
    });
    return ending;
  }

  function endWith(thrown: unknown): void {
    void end(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  for (const topic of options.topics) {
    logOf(topic).onAppend(({ partition }) => {
      const claim = claims.find((one) => one.topic === topic && one.partition === partition);
      if (claim) void inOwnContext(pump, claim);
    }, stopping.signal);
  }
  await group.join(member);

  const close = () => end().then(() => ended.promise);
  return {
    closed: ended.promise,
    close,
    [Symbol.asyncDispose]: close,
    get claims() {
      return [...claims];
    },
  };
}

/** What the callback throws is not the consumer's error: it surfaces as an uncaught exception. */
function tellCrash({ onCrash }: MemoryConsumerDeps["options"], error: Error): void {
  try {
    onCrash?.(error, false);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
