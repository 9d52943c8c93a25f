import type { ClaimStart, ConsumedRecord, PartitionClaim, RevokeReason } from "@maru/kafka";
import { EventHeader } from "@maru/protocol";
import type { Maru } from "../connect.ts";
import { decodeEvent } from "./decode.ts";
import { openGroupLetters } from "./group-letters.ts";
import { createHandlerSlots } from "./handler-slots.ts";
import type { AnyEvent, Handlers } from "./handlers.ts";
import { createHealer } from "./healer.ts";
import { type ConsumerLag, toLag } from "./lag.ts";
import type { FetchedEvent } from "./lane.ts";
import { observe } from "./observation.ts";
import { refuseBadHandlers, type SubscribeOptions, toSettings } from "./options.ts";
import { createPartitionWork, type PartitionWork, type PartitionWorkDeps } from "./partition-work.ts";
import { agentPathWarning, type ConsumerWarning, offsetLostWarning, stallWarning, startWarning } from "./warning.ts";
import { within } from "./within.ts";

/** The part of the client that a consumer uses: what `connectMaru` makes has it. */
export interface EntrySource {
  readonly events: Pick<Maru["events"], "listEntries">;
}

/** A partition of the topic, as a consumer sees it. */
export interface ConsumedPartition {
  readonly partition: number;
  /** The first offset that was handed over in this assignment. */
  readonly startOffset: bigint;
  /**
   * Why there: the group had `committed` it; it had committed nothing, and that was the `oldest` or the `newest`; or what it had
   * committed was `lost`.
   */
  readonly startsFrom: ClaimStart;
  /** The offset that is fetched next; negative while it is not known. */
  readonly position: bigint;
  /** The offset that the next event will get, as of the last fetch or some seconds ago; negative while it is not known. */
  readonly highOffset: bigint;
}

/** A running consumer. Made by {@link subscribe}. */
export interface RoomConsumer extends AsyncDisposable {
  /**
   * Resolves after `close`. Rejects with what stopped the consumer: `HandlerFailedError`, `UndecodableEventError`, or
   * `OffsetLostError` and others of `@maru/kafka`. Leave it unobserved, and Node ends the process with that error.
   */
  readonly done: Promise<void>;
  /** The partitions that are assigned now: `highOffset - position` events of each have not been fetched yet. */
  readonly partitions: readonly ConsumedPartition[];
  /**
   * How far this consumer is behind, by partition, and in which rooms the most waits. Cheap: it asks nobody. What its group
   * has not been assigned, and what no consumer holds, is not in it.
   */
  lag(): ConsumerLag;
  /**
   * Stops fetching, waits for the handlers that run, commits what is done, leaves the group. Never rejects. May be called
   * again. A handler may call it, but not wait for it.
   */
  close(): Promise<void>;
}

const MAX_ROOMS_PER_PARTITION = 50_000;
const LAST_COMMIT_LIMIT_MS = 5000;

/**
 * Hands the events of rooms to typed handlers. The events of a room come one after the other, in order; rooms go in
 * parallel. An event is committed after its handler is done, so each is handled at least once: it may come again after a
 * crash or when partitions move. Repeats within one assignment of a partition are dropped.
 *
 * A consumer is never silent in secret: when nothing comes although the topic holds something, it warns (`stalled`), leaves
 * its group and joins anew with fresh connections.
 *
 * A handler that throws is called again after a growing, random wait, and the later events of its room wait with it. When
 * no attempt is left, `onFailure` says what becomes of the event: its room is parked, it is skipped, or the consumer stops.
 *
 * Entries that are missing in the topic (41, then 43) are read from the table with `maru.events.listEntries`, and handed over
 * in order, with `healed: true`, before the event that revealed them; an error that passes is waited for, and other rooms go on
 * meanwhile. What cannot be had is told to `gap` and as a warning. What is missing right before the first event of a room in an
 * assignment is seen only with `positions`.
 *
 * @throws TypeError, RangeError for options that make no sense; `ConnectError`, `UnknownTopicError` of `@maru/kafka`, and
 * `TopicMismatchError` when the group's topics of dead letters are not compacted, or have other partitions than the events'
 * @example
 * await using consumer = await subscribe(maru, { brokers: ["localhost:9092"], group: "push", onFailure: "park" }, {
 *   messageSent: (event, ctx) => push(event.roomId, event.seq, event.body.content, { signal: ctx.signal }),
 *   unknown: (event) => log.info(`a newer server wrote ${event.type}`),
 * });
 * process.once("SIGTERM", () => consumer.close());
 * await consumer.done;
 */
export async function subscribe<Tx = undefined>(
  maru: EntrySource,
  options: SubscribeOptions<Tx>,
  handlers: Handlers<NoInfer<Tx>>,
): Promise<RoomConsumer> {
  if (typeof maru?.events?.listEntries !== "function") {
    throw new TypeError("subscribe: the first argument must be a client, as connectMaru makes it");
  }
  refuseBadHandlers(handlers);
  const settings = toSettings(options);
  const { broker, group, topic, drainTimeoutMs, maxInFlight } = settings;
  const works = new Map<PartitionClaim, PartitionWork>();
  const slots = createHandlerSlots(maxInFlight);
  const drain = new AbortController();
  const stopping = new AbortController();
  let failure: { error: unknown } | undefined;

  const warn = (warning: ConsumerWarning) => {
    try {
      settings.onWarning(warning);
    } catch (error) {
      fail(error);
    }
  };
  const lag = () => {
    const states = [...works].map(([claim, work]) => {
      const { partition, highOffset } = claim;
      const { nextOffset, lastTakenMs } = work;
      return { partition, highOffset, nextOffset, lastTakenMs, rooms: work.waitingRooms() };
    });
    return toLag(states, Date.now());
  };
  const watched = {
    group,
    topic,
    lag,
    get inFlightCount() {
      return slots.busyRooms.length;
    },
  };
  const { tracing, metrics } = options;
  const observation = observe({ tracing, metrics, steadyMs: () => performance.now() }, watched);
  function stop(): void {
    for (const work of works.values()) work.stop();
    stopping.abort();
  }

  function fail(error: unknown): void {
    failure ??= { error };
    stop();
  }

  const lookForAgent = warnOfAgent(group, warn);
  function onBatch(claim: PartitionClaim, records: readonly ConsumedRecord[]): void {
    const work = works.get(claim);
    if (!work || stopping.signal.aborted) return;
    if (settings.positions === undefined) lookForAgent(records);
    try {
      work.take(decoded(records));
    } catch (error) {
      fail(error);
    }
  }

  async function onRevoked(claims: readonly PartitionClaim[], reason: RevokeReason): Promise<void> {
    const given = claims.flatMap((claim) => works.get(claim) ?? []);
    for (const claim of claims) works.delete(claim);
    for (const work of given) work.stop();
    if (reason === "rebalance") for (const work of given) void work.commitNow();
    if (reason !== "close") return;
    await handlersEnd();
    await within(LAST_COMMIT_LIMIT_MS, Promise.all(given.map((work) => work.commitLast())));
  }

  async function handlersEnd(): Promise<void> {
    if (drain.signal.aborted || (await within(drainTimeoutMs, slots.settled()))) return;
    const rooms = slots.busyRooms.join(", ");
    warn({ code: "drainTimeout", message: `handlers still ran after ${drainTimeoutMs} ms, of rooms ${rooms}` });
    drain.abort();
  }

  const letters = await openGroupLetters({ broker, group, source: topic, warn }, settings.onFailure);
  const deps: PartitionWorkDeps<Tx> = {
    group,
    handlers,
    observation,
    positions: settings.positions,
    slots,
    healer: createHealer({ source: maru, random: Math.random, warn }),
    letters,
    onFailure: settings.onFailure,
    retry: settings.retry,
    commitIntervalMs: settings.commitIntervalMs,
    maxRooms: MAX_ROOMS_PER_PARTITION,
    drainSignal: drain.signal,
    random: Math.random,
    warn,
    skipped: warnOncePerType(warn),
    fail,
  };

  const { stallCheckMs, sessionTimeoutMs } = options;
  const starting = broker.startConsumer({
    groupId: group,
    topics: [topic],
    fromBeginning: settings.fromBeginning,
    async onOffsetLost(error) {
      if (settings.onOffsetLost === "stop") return undefined;
      warn(offsetLostWarning(group, error, settings.positions !== undefined));
      return error.lowOffset;
    },
    async onAssigned(claims) {
      const started = startWarning(group, claims);
      if (started) warn(started);
      const signal = AbortSignal.any([stopping.signal, ...claims.map((claim) => claim.signal)]);
      await letters?.caughtUp(
        claims.map(({ partition }) => partition),
        signal,
      );
      for (const claim of signal.aborted ? [] : claims) works.set(claim, createPartitionWork(deps, claim));
    },
    onRevoked,
    onBatch,
    onCrash(cause, willRestart) {
      if (willRestart) warn({ code: "disconnected", message: `group ${group} was lost: ${cause.message}`, cause });
    },
    onStalled: (stall) => warn(stallWarning(group, stall)),
    ...(stallCheckMs === undefined ? {} : { stallCheckMs }),
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
  });
  const driver = await starting.catch(async (error) => {
    await letters?.close();
    throw error;
  });

  /** Never rejects. */
  async function untilEnded(): Promise<void> {
    try {
      await driver.closed;
    } catch (error) {
      fail(error);
    }
    await handlersEnd();
    await letters?.close();
    observation.meter.closed();
  }
  const ended = untilEnded();
  const close = (): Promise<void> => {
    stop();
    return ended;
  };
  const closeDriver = () => void driver.close().catch(() => {}); // `closed` has the error
  stopping.signal.addEventListener("abort", closeDriver, { once: true });
  if (stopping.signal.aborted) closeDriver();
  return {
    done: ended.then(() => {
      if (failure) throw failure.error;
    }),
    get partitions() {
      return driver.claims.map(({ partition, startOffset, startsFrom, position, highOffset }) => {
        return { partition, startOffset, startsFrom, position, highOffset };
      });
    },
    lag,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Each is decoded when its turn comes, and kept by nobody when it is done: garbage that dies at once is cheap. */
function* decoded(records: readonly ConsumedRecord[]): Generator<FetchedEvent> {
  const receivedAt = new Date();
  for (const record of records) yield { event: decodeEvent(record), record, receivedAt };
}

/** Looks at the first record: the relay sets headers on all that it sends to Kafka itself. */
function warnOfAgent(
  group: string,
  warn: (warning: ConsumerWarning) => void,
): (records: readonly ConsumedRecord[]) => void {
  let isLooked = false;
  return ([first]) => {
    if (isLooked || first === undefined) return;
    isLooked = true;
    if (first.headers[EventHeader.id] === undefined) warn(agentPathWarning(group));
  };
}

function warnOncePerType(warn: (warning: ConsumerWarning) => void): (event: AnyEvent) => void {
  const told = new Set<string>();
  return ({ kind, type, roomId, seq }) => {
    if (kind !== "unknown" || told.has(type)) return;
    told.add(type);
    const message = `events of type ${type} are not known to this version, and are skipped: handle them in "unknown"`;
    warn({ code: "unknownType", message, roomId, seq });
  };
}
