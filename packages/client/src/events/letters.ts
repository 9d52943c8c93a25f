import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Broker, ConsumedRecord, RoomProducer } from "@maru/kafka";
import { type DeadLetter, DeadLetterSchema, DeadLetterState, deadLetterKey } from "@maru/protocol";
import { type LetterBox, letterTopics } from "./letter-topics.ts";
import { pauseMs } from "./pause-ms.ts";
import { type ConsumerWarning, lettersWarning, unreadableLetterWarning } from "./warning.ts";

/** What the letters of a consumer need. */
export interface LettersDeps {
  readonly broker: Broker;
  readonly group: string;
  /** The topic of the events: letters of another are not of this consumer. */
  readonly source: string;
  /** The boxes whose topics are there. */
  readonly boxes: readonly LetterBox[];
  readonly producer: RoomProducer;
  readonly warn: (warning: ConsumerWarning) => void;
}

/** Somebody else wrote a letter, or its tombstone. */
export interface LetterChange {
  readonly box: LetterBox;
  readonly before: DeadLetter | undefined;
  readonly now: DeadLetter | undefined;
  /** Up to where the room is done, as far as a tombstone says so. */
  readonly handledSeq: number | undefined;
}

/** The dead letters of a group, as its two topics tell them, of all partitions. */
export interface Letters {
  /** Resolves when all is known that both topics held in these partitions when it was called, or when the signal aborts. */
  caughtUp(partitions: readonly number[], signal: AbortSignal): Promise<void>;
  /** The letter of a parked room. */
  parked(partition: number, roomId: string): DeadLetter | undefined;
  /** The letter of a skipped event, if it is one of the last. */
  skipped(partition: number, roomId: string, seq: number): DeadLetter | undefined;
  /** Whether no room is parked and no event remembered as skipped. Cheap. */
  isEmpty(partition: number): boolean;
  /** The letters that somebody asked to try again. */
  asked(partition: number): { readonly box: LetterBox; readonly letter: DeadLetter }[];
  /** Tells what others write into a partition from now on, until the signal aborts. */
  watch(partition: number, onChange: (change: LetterChange) => void, signal: AbortSignal): void;
  /** Resolves when the letter is stored. Rejects when it cannot be, and when the consumer ends before. */
  write(box: LetterBox, letter: DeadLetter): Promise<void>;
  /** The letter is over: all entries up to this one are done. */
  erase(box: LetterBox, letter: DeadLetter, handledSeq: number): Promise<void>;
  close(): Promise<void>;
}

/** What stands for a key, and in which record. */
interface Standing {
  readonly letter: DeadLetter | undefined;
  readonly offset: bigint;
}

/** One partition of a box. */
interface Compartment {
  /** The offset that is read next. */
  next: bigint;
  readonly standing: Map<string, Standing>;
}

/**
 * Skipped events are remembered because they may come again: those that are not committed. A partition has at most 20,000 of
 * those and a batch, and they are the last ones.
 */
const REMEMBERED_SKIPPED = 30_000;

/** Header of a tombstone: up to where the room is done. */
const HANDLED_SEQ = "handled-seq";

/** Reads both topics from their beginning, and follows them. Own writes are known by their offsets, and told to nobody. */
export async function openLetters(deps: LettersDeps): Promise<Letters> {
  const { broker, group, source, boxes, producer } = deps;
  const topics = letterTopics(group);
  const closing = new AbortController();
  const compartments = new Map<string, Compartment>();
  const watchers = new Map<number, (change: LetterChange) => void>();
  /** What others wrote for a key while a write of our own is under way: only its offset tells which came first. */
  const heldBack = new Map<string, { writes: number; records: ConsumedRecord[] }>();
  const waiting = new Set<() => void>();

  const nameOf = (box: LetterBox, partition: number) => `${topics[box]}/${partition}`;
  const standingOf = (box: LetterBox, partition: number, key: string) =>
    compartments.get(nameOf(box, partition))?.standing.get(key)?.letter;

  function take(box: LetterBox, records: readonly ConsumedRecord[]): void {
    for (const record of records) {
      const compartment = compartments.get(nameOf(box, record.partition));
      if (!compartment) continue;
      const held = heldBack.get(`${nameOf(box, record.partition)} ${keyOf(record)}`);
      if (held) held.records.push(record);
      else apply(box, compartment, record);
      compartment.next = record.offset + 1n;
    }
    for (const wake of waiting) wake();
  }

  function apply(box: LetterBox, { standing }: Compartment, record: ConsumedRecord): void {
    const key = keyOf(record);
    const known = standing.get(key);
    const isKnown = known !== undefined && record.offset <= known.offset;
    if (!isKnown) standing.set(key, { letter: letterIn(record), offset: record.offset });
    const now = standing.get(key)?.letter;
    // From here on nothing older can come of this key.
    if (now === undefined && record.offset >= (known?.offset ?? 0n)) standing.delete(key);
    if (box === "skipped") forgetOldest(standing);
    if (isKnown) return;
    const handled = record.headers[HANDLED_SEQ];
    const handledSeq = handled === undefined ? undefined : Number(handled);
    watchers.get(record.partition)?.({ box, before: known?.letter, now, handledSeq });
  }

  function letterIn(record: ConsumedRecord): DeadLetter | undefined {
    if (record.value === null) return undefined;
    try {
      const letter = fromBinary(DeadLetterSchema, record.value);
      return letter.topic === source ? letter : undefined;
    } catch (error) {
      deps.warn(unreadableLetterWarning(record, error));
      return undefined;
    }
  }

  async function send(
    box: LetterBox,
    letter: DeadLetter,
    value: Uint8Array | null,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const { partition, roomId, seq } = letter;
    const key = box === "parked" ? roomId : deadLetterKey(roomId, seq);
    const compartment = compartments.get(nameOf(box, partition));
    if (!compartment) throw new RangeError(`topic ${topics[box]} has no partition ${partition}`);
    const name = `${nameOf(box, partition)} ${key}`;
    const held = heldBack.get(name) ?? { writes: 0, records: [] };
    heldBack.set(name, held);
    held.writes++;
    try {
      const { offset } = await producer.send(topics[box], { key, partition, value, headers });
      const own = { letter: value === null ? undefined : letter, offset: BigInt(offset) };
      const known = compartment.standing.get(key);
      if (known === undefined || known.offset < own.offset) compartment.standing.set(key, own);
    } finally {
      if (--held.writes === 0) {
        heldBack.delete(name);
        for (const record of held.records) apply(box, compartment, record);
      }
    }
  }

  async function follow(box: LetterBox): Promise<void> {
    const topic = topics[box];
    for (let tries = 0; !closing.signal.aborted; tries++) {
      const from = new Map<number, bigint>();
      for (const [partition, { next }] of compartmentsOf(box)) from.set(partition, next);
      try {
        await broker.followPartitions({ topic, from, signal: closing.signal }, (records) => take(box, records));
      } catch (error) {
        if (closing.signal.aborted) return;
        deps.warn(lettersWarning(topic, error));
        await pauseMs(backoffMs(tries), closing.signal);
      }
    }
  }

  function compartmentsOf(box: LetterBox): [number, Compartment][] {
    const prefix = `${topics[box]}/`;
    return [...compartments].flatMap(([name, compartment]) => {
      return name.startsWith(prefix) ? [[Number(name.slice(prefix.length)), compartment] as const] : [];
    }) as [number, Compartment][];
  }

  const ofPartitions = new Map<number, Compartment[]>();
  function compartmentsIn(partition: number): Compartment[] {
    let found = ofPartitions.get(partition);
    if (found === undefined) {
      found = boxes.flatMap((box) => compartments.get(nameOf(box, partition)) ?? []);
      ofPartitions.set(partition, found);
    }
    return found;
  }

  async function caughtUp(partitions: readonly number[], signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, closing.signal]);
    const ends = (await Promise.all(boxes.map((box) => endsOf(box, over)))).flat();
    const isThere = () =>
      ends.every(({ name, partition, end }) => {
        return !partitions.includes(partition) || (compartments.get(name)?.next ?? end) >= end;
      });
    if (isThere() || over.aborted) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!isThere() && !over.aborted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      over.addEventListener("abort", look, { once: true });
    });
  }

  /** What a box holds now, however long the brokers take to say so. */
  async function endsOf(
    box: LetterBox,
    over: AbortSignal,
  ): Promise<{ name: string; partition: number; end: bigint }[]> {
    for (let tries = 0; !over.aborted; tries++) {
      try {
        const held = await broker.topicOffsets(topics[box]);
        return held.map(({ partition, highOffset: end }) => ({ name: nameOf(box, partition), partition, end }));
      } catch (error) {
        deps.warn(lettersWarning(topics[box], error));
        await pauseMs(backoffMs(tries), over);
      }
    }
    return [];
  }

  for (const box of boxes) {
    for (const { partition, lowOffset } of await broker.topicOffsets(topics[box])) {
      compartments.set(nameOf(box, partition), { next: lowOffset, standing: new Map() });
    }
  }
  const following = boxes.map(follow);

  return {
    caughtUp,
    isEmpty: (partition) => compartmentsIn(partition).every(({ standing }) => standing.size === 0),
    parked: (partition, roomId) => standingOf("parked", partition, roomId),
    skipped: (partition, roomId, seq) => standingOf("skipped", partition, deadLetterKey(roomId, seq)),
    asked: (partition) =>
      boxes.flatMap((box) =>
        [...(compartments.get(nameOf(box, partition))?.standing.values() ?? [])].flatMap(({ letter }) =>
          letter?.state === DeadLetterState.REDRIVE_REQUESTED ? [{ box, letter }] : [],
        ),
      ),
    watch(partition, onChange, signal) {
      if (signal.aborted) return;
      watchers.set(partition, onChange);
      const forget = () => {
        if (watchers.get(partition) === onChange) watchers.delete(partition);
      };
      signal.addEventListener("abort", forget, { once: true });
    },
    write: (box, letter) => send(box, letter, toBinary(DeadLetterSchema, letter)),
    erase: (box, letter, handledSeq) => send(box, letter, null, { [HANDLED_SEQ]: String(handledSeq) }),
    async close() {
      await producer.close();
      closing.abort();
      await Promise.all(following);
    },
  };
}

function backoffMs(tries: number): number {
  return Math.min(10_000, 200 * 2 ** tries);
}

function keyOf({ key }: ConsumedRecord): string {
  return key === null ? "" : new TextDecoder().decode(key);
}

/** Those whose events lie the furthest back, when they are twice as many as may be needed; never one that was asked for. */
function forgetOldest(standing: Map<string, Standing>): void {
  if (standing.size < 2 * REMEMBERED_SKIPPED) return;
  const byAge = [...standing].sort(([, a], [, b]) => ((a.letter?.offset ?? 0n) < (b.letter?.offset ?? 0n) ? -1 : 1));
  for (const [key, { letter }] of byAge.slice(0, standing.size - REMEMBERED_SKIPPED)) {
    if (letter?.state !== DeadLetterState.REDRIVE_REQUESTED) standing.delete(key);
  }
}
