import { setTimeout as sleep } from "node:timers/promises";
import { type AnyEvent, type EventContext, type GapEvent, type Handlers, handlerOf } from "./handlers.ts";
import { refuseBadHandlers } from "./options.ts";
import { ReplayHandlerError } from "./replay-errors.ts";
import { type ReplayOptions, type ReplaySettings, toReplaySettings } from "./replay-options.ts";
import { type ReplayStep, runReplay } from "./replay-steps.ts";
import { handlerBackoffMs } from "./retry.ts";
import type { EntrySource } from "./subscribe.ts";

/** What a replay hands over: an event as handlers get it, or entries that cannot be had. `kind` tells which. */
export type ReplayedEvent = AnyEvent | GapEvent;

/** A replay to loop over, once. Made by {@link replay}. */
export interface Replay extends AsyncIterable<ReplayedEvent> {
  /**
   * A token: `from: { position }` goes on behind the event that was handed over last. Store it when that event is done. It
   * holds no content; with up to 1,000 listed rooms it holds their ids.
   */
  readonly position: string;
}

/** How a replay with handlers ended. */
export interface ReplayEnd {
  /** Goes on behind the last event: `from: { position }`. */
  readonly position: string;
}

/**
 * Hands over what has happened, of one room, some or all: first the entries that the table has, then the events of the topic,
 * each once and each room in order, without a seam, while rooms go on. It commits nothing and needs no consumer group. It ends
 * when all that was there at its start is handed over, or goes on with what comes (`follow`).
 *
 * - **Rooms of a list** (`rooms`): read from the table, room by room. With `follow`, what was committed since comes next.
 * - **All rooms**: the rooms are learned from the topic. The first event of a room is preceded by its earlier entries from the
 *   table. A room without an event in what the topic still holds is not known: when retention took events that would be
 *   wanted, the replay rejects with `ReplayIncompleteError`, unless `knownRooms` lists the quiet rooms or `onIncomplete`
 *   accepts it.
 *
 * What comes from the table is as the table has it now, edited or deleted, and `event.healed`. What the table no longer has is a
 * gap (`kind: "gap"`, or the handler `gap`), never a silent hole. From a time means entries that were made then or later.
 *
 * Going on from a position is exact for up to 1,000 listed rooms, and for all rooms as long as the topic holds where the replay
 * began: what was handed over is learned from it anew. Of longer lists, what was committed while the list was being read may
 * come once more after going on; nothing is ever missing.
 *
 * @throws TypeError, RangeError, `ReplayPositionError` for options that make no sense; the loop rejects with
 * `ReplayIncompleteError`, `TooManyRoomsError`, `UndecodableEventError`, `MaruError`, and `OffsetLostError` and others of
 * `@maru/kafka`
 * @example
 * const events = replay(maru, { brokers, from: { time: new Date("2026-01-01") }, rooms: ["r1", "r2"] });
 * for await (const event of events) {
 *   if (event.kind === "messageSent") await index(event.roomId, event.seq, event.body.content);
 *   await save(events.position);
 * }
 */
export function replay(maru: EntrySource, options: ReplayOptions): Replay;
/**
 * The same with handlers, one after the other. A handler that throws is called again as `retry` says, and then the replay
 * rejects with `ReplayHandlerError`, which has the position to go on from. `ctx.partition` and `ctx.offset` are -1
 * for what comes from the table, `ctx.group` is empty.
 */
export function replay(maru: EntrySource, options: ReplayOptions, handlers: Handlers): Promise<ReplayEnd>;
export function replay(maru: EntrySource, options: ReplayOptions, handlers?: Handlers): Replay | Promise<ReplayEnd> {
  if (typeof maru?.events?.listEntries !== "function") {
    throw new TypeError("replay: the first argument must be a client, as connectMaru makes it");
  }
  const settings = toReplaySettings(options);
  const run = runReplay(maru, settings);
  if (handlers !== undefined) {
    refuseBadHandlers(handlers);
    return handAll(run, settings, handlers);
  }
  return {
    [Symbol.asyncIterator]: () => valuesOf(run.steps),
    get position() {
      return run.position;
    },
  };
}

async function* valuesOf(steps: AsyncGenerator<ReplayStep>): AsyncGenerator<ReplayedEvent, void, undefined> {
  for await (const step of steps) {
    step.done();
    yield step.what;
  }
}

async function handAll(
  run: ReturnType<typeof runReplay>,
  settings: ReplaySettings,
  handlers: Handlers,
): Promise<ReplayEnd> {
  for await (const step of run.steps) {
    await handOver(step, settings, handlers, () => run.position);
    step.done();
  }
  return { position: run.position };
}

async function handOver(
  { what, record }: ReplayStep,
  { signal, topic, retry }: ReplaySettings,
  handlers: Handlers,
  position: () => string,
): Promise<void> {
  const receivedAt = new Date();
  const at = record ?? { topic, partition: -1, offset: -1n };
  const kafkaTimestamp = record && new Date(record.timestampMs);
  for (let attempt = 1; ; attempt++) {
    const { partition, offset } = at;
    const facts = { topic, partition, offset, kafkaTimestamp, receivedAt, handledAt: new Date() };
    const ctx: EventContext = { signal, attempt, redelivered: false, tx: undefined, group: "", ...facts };
    try {
      if (what.kind === "gap") await handlers.gap?.(what, ctx);
      else await handlerOf(handlers, what)?.(what, ctx);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const waitMs = handlerBackoffMs(retry, attempt, Math.random());
      const seq = what.kind === "gap" ? what.firstMissingSeq : what.seq;
      if (waitMs === undefined) throw new ReplayHandlerError({ roomId: what.roomId, seq }, attempt, position(), error);
      await sleep(waitMs, undefined, { signal });
    }
  }
}
