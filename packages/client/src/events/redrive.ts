import { clone, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Broker, ConsumedRecord } from "@maru/kafka";
import { DeadLetterSchema, DeadLetterState } from "@maru/protocol";
import { type BrokerOptions, brokerOf } from "./broker-of.ts";
import {
  chooseDeadLetters,
  type DeadLetterFilter,
  type DeadLetterItem,
  keyOf,
  readDeadLetters,
  type StoredDeadLetter,
  toDeadLetterItem,
} from "./dead-letters.ts";

/** How far a redrive is. */
export interface RedriveProgress {
  /** Dead letters for which the group was asked to try again. */
  readonly requested: number;
  /** Those of them that are over. */
  readonly done: number;
  /** Those that failed again. */
  readonly failedAgain: number;
}

/** How a redrive ended. */
export interface RedriveResult extends RedriveProgress {
  /** What failed again, as it stands now. */
  readonly failed: readonly DeadLetterItem[];
}

/** What to try again. */
export interface RedriveOptions extends BrokerOptions, DeadLetterFilter {
  readonly group: string;
  /** Needed when no filter is given: all dead letters of the group are meant. */
  readonly all?: boolean;
  /** Asked with what was found; false writes nothing. */
  readonly confirm?: (items: readonly DeadLetterItem[]) => boolean | Promise<boolean>;
  /** Waits until each is over or has failed again, for as long as it takes; the group must have a running consumer. @default false */
  readonly wait?: boolean;
  readonly onProgress?: (progress: RedriveProgress) => void;
  /** Ends the waiting: it rejects with the signal's reason. What was asked for stays asked for. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a consumer group to try again what it could not handle: a parked room goes on in order, a skipped event is handed over
 * with `redelivered: true`. The group's running consumers do it; the request stays until one does.
 *
 * @throws TypeError without a filter and without `all`; NoDeadLettersError; KafkaError; SendAllError
 * @example
 * const { done, failedAgain } = await redriveDeadLetters({ brokers, group: "push", roomIds: ["r1"], wait: true });
 */
export async function redriveDeadLetters(options: RedriveOptions): Promise<RedriveResult> {
  const { group, roomIds, type, since, state, limit, all = false, signal } = options;
  if (!all && [roomIds, type, since, state, limit].every((given) => given === undefined)) {
    throw new TypeError("redriveDeadLetters: give a filter, or all: true to mean every dead letter of the group");
  }
  const broker = brokerOf("redriveDeadLetters", options, "maru-dead-letters");
  const chosen = chooseDeadLetters(await readDeadLetters(broker, group, signal), options);
  const nothing = { requested: 0, done: 0, failedAgain: 0, failed: [] };
  if (chosen.length === 0) return nothing;
  if (options.confirm !== undefined && !(await options.confirm(chosen.map(({ item }) => item)))) return nothing;
  const requests = await request(broker, chosen, signal);
  options.onProgress?.({ requested: requests.length, done: 0, failedAgain: 0 });
  if (options.wait !== true) return { ...nothing, requested: requests.length };
  return settle(broker, group, requests, options);
}

/** A dead letter that was written again. */
interface Request {
  readonly topic: string;
  readonly key: string;
  readonly partition: number;
  readonly offset: bigint;
}

async function request(
  broker: Broker,
  chosen: readonly StoredDeadLetter[],
  signal: AbortSignal | undefined,
): Promise<Request[]> {
  await using producer = await broker.startProducer(signal === undefined ? {} : { signal });
  const sending = chosen.map(async ({ record }) => {
    const { topic, partition } = record;
    const key = keyOf(record);
    const { offset } = await producer.send(topic, { key, partition, value: requested(record) });
    return { topic, key, partition, offset: BigInt(offset) };
  });
  const sent = await Promise.allSettled(sending);
  for (const one of sent) if (one.status === "rejected") throw one.reason;
  return Promise.all(sending);
}

/** The same dead letter, asked for. What a newer version wrote into it is kept. */
function requested({ value }: ConsumedRecord): Uint8Array {
  const letter = clone(DeadLetterSchema, fromBinary(DeadLetterSchema, value ?? new Uint8Array()));
  letter.state = DeadLetterState.REDRIVE_REQUESTED;
  return toBinary(DeadLetterSchema, letter);
}

/** Waits for what the consumers write behind each request. */
async function settle(
  broker: Broker,
  group: string,
  requests: readonly Request[],
  { onProgress, signal }: RedriveOptions,
): Promise<RedriveResult> {
  const open = new Map(requests.map((one) => [`${one.topic} ${one.key}`, one]));
  const failed: DeadLetterItem[] = [];
  const over = new AbortController();
  const progress = (): RedriveProgress => ({
    requested: requests.length,
    done: requests.length - open.size - failed.length,
    failedAgain: failed.length,
  });
  const take = (records: readonly ConsumedRecord[]) => {
    for (const record of records) {
      const name = `${record.topic} ${keyOf(record)}`;
      const asked = open.get(name);
      if (asked === undefined || record.offset <= asked.offset) continue;
      const item = toDeadLetterItem(group, record);
      if (item?.state === "redriveRequested") continue; // somebody else asked, too
      open.delete(name);
      if (item !== undefined) failed.push(item);
      onProgress?.(progress());
    }
    if (open.size === 0) over.abort();
  };
  const following = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]);
  const topics = [...new Set(requests.map(({ topic }) => topic))];
  try {
    await Promise.all(
      topics.map((topic) =>
        broker.followPartitions({ topic, from: firstOffsets(requests, topic), signal: following }, take),
      ),
    );
  } finally {
    over.abort();
  }
  signal?.throwIfAborted();
  return { ...progress(), failed };
}

function firstOffsets(requests: readonly Request[], topic: string): Map<number, bigint> {
  const first = new Map<number, bigint>();
  for (const { partition, offset } of requests.filter((one) => one.topic === topic)) {
    const known = first.get(partition);
    if (known === undefined || offset < known) first.set(partition, offset);
  }
  return first;
}
