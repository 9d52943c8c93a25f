import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { type BrokerOptions, brokerOf } from "./broker-of.ts";
import type { ConsumerTracing } from "./consumer-tracing.ts";
import { kindOfType } from "./decode.ts";
import type { Handlers } from "./handlers.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import type { PositionStore } from "./position-store.ts";
import { type HandlerRetryOptions, toHandlerRetryPolicy } from "./retry.ts";
import { type ConsumerWarning, emitProcessWarning } from "./warning.ts";

/**
 * What becomes of an event whose handler failed on every attempt. `park`: its room waits, and goes on in order when somebody
 * asks for it (`npx @maru/client dead-letters redrive`); other rooms and the commit go on. `skip`: the event is put among the
 * dead letters, and its room goes on; when somebody asks for it, the event alone comes again, with `ctx.redelivered`. `stop`: the
 * consumer stops with `HandlerFailedError`, and the next one begins with that event.
 */
export type FailurePolicy = "park" | "skip" | "stop";

const policies: readonly FailurePolicy[] = ["park", "skip", "stop"];

/** What to consume, and how. */
export interface SubscribeOptions<Tx = undefined> extends BrokerOptions {
  /** The consumer group: consumers of one group share the rooms, and the group remembers what is done. */
  readonly group: string;
  /** @default "maru.room-events.v1" */
  readonly topic?: string;
  /**
   * Where a group begins that has done nothing yet: `true` at the oldest event that the topic holds, `false` at the next
   * that comes. By default at the oldest, because what is handed over too much can be ignored, and what was passed over is
   * missing in silence; a group whose handlers reach people (pushes, mails) may want `false`. Where the group has done
   * something, it goes on from there.
   * @default true
   */
  readonly fromBeginning?: boolean;
  /** How many handlers may run at once: each for another room. @default 16 */
  readonly maxInFlight?: number;
  /**
   * Where the position of each room is stored together with what the handlers write, so that each event has its effect
   * once. Handlers get the store's transaction as `ctx.tx`. Without it every event is handled at least once.
   */
  readonly positions?: PositionStore<Tx>;
  /**
   * See {@link FailurePolicy}. `park` and `skip` keep the group's compacted topics `<group>.parked` and `<group>.dead-letters`,
   * which the consumer creates where they are missing. @default "park"
   */
  readonly onFailure?: FailurePolicy;
  /**
   * What to do when the place where the group wants to go on is no longer in the topic. `stop`: the consumer stops with
   * `OffsetLostError` of `@maru/kafka`. `heal`: it warns, goes on at the oldest event that the topic holds, and reads from the
   * table what a room lacks as soon as its next event comes. That takes `positions`; without them, only rooms of which this
   * consumer has handled something since it was assigned the partition are healed. @default "stop"
   */
  readonly onOffsetLost?: "stop" | "heal";
  /** See {@link HandlerRetryOptions}. */
  readonly retry?: HandlerRetryOptions;
  /** How long done events may wait until they are committed, in milliseconds; after a crash they come again. @default 500 */
  readonly commitIntervalMs?: number;
  /** How long stopping waits for the handlers that run, in milliseconds, before it aborts their signal. @default 10_000 */
  readonly drainTimeoutMs?: number;
  /**
   * How long nothing may come before the consumer asks the brokers whether something is there, in milliseconds; when it is,
   * and has not come after as long again, there is the warning `stalled`. @default 10_000
   */
  readonly stallCheckMs?: number;
  /**
   * Without a sign of life for so long, in milliseconds, a consumer is taken for dead and its rooms go to others. The brokers
   * have bounds for it, from 6,000 to 1,800,000 unless they are set otherwise. @default 30_000
   */
  readonly sessionTimeoutMs?: number;
  /** Where the numbers go: `prometheusMetrics()` of `@maru/client/metrics/prometheus`, or your own. Default: nowhere. */
  readonly metrics?: ConsumerMetrics;
  /** Traces handlers: `openTelemetryTracing()` of `@maru/client/tracing/opentelemetry`, or your own. Default: not at all. */
  readonly tracing?: ConsumerTracing;
  /** Is told of what the consumer got over. Default: a warning of the process, on stderr. */
  readonly onWarning?: (warning: ConsumerWarning) => void;
}

/** The options with the defaults filled in. Throws TypeError or RangeError for what makes no sense. */
export function toSettings<Tx>(options: SubscribeOptions<Tx>) {
  const { group, topic = ROOM_EVENTS_TOPIC, fromBeginning = true } = options;
  const { maxInFlight = 16, commitIntervalMs = 500, drainTimeoutMs = 10_000, onWarning = emitProcessWarning } = options;
  for (const [name, value] of Object.entries({ group, topic })) {
    if (typeof value !== "string" || value === "") throw new TypeError(`subscribe: ${name} must be a name`);
  }
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1) {
    throw new RangeError(`subscribe: maxInFlight must be a whole number from 1 on, not ${maxInFlight}`);
  }
  const { stallCheckMs = 1 } = options;
  if (!(stallCheckMs >= 1 && stallCheckMs < 2 ** 31)) {
    throw new RangeError(`subscribe: stallCheckMs must be from 1 on, not ${stallCheckMs}`);
  }
  for (const [name, value] of Object.entries({ commitIntervalMs, drainTimeoutMs })) {
    if (!(value >= 0 && value < 2 ** 31)) throw new RangeError(`subscribe: ${name} must not be ${value}`);
  }
  const { onFailure = "park" } = options;
  if (!policies.includes(onFailure)) throw new TypeError(`subscribe: onFailure must be one of ${policies.join(", ")}`);
  const { onOffsetLost = "stop" } = options;
  if (!["stop", "heal"].includes(onOffsetLost)) throw new TypeError("subscribe: onOffsetLost must be stop or heal");
  const retry = toHandlerRetryPolicy(options.retry);
  const broker = brokerOf("subscribe", options, group);
  return {
    broker,
    group,
    topic,
    positions: options.positions,
    onFailure,
    onOffsetLost,
    fromBeginning,
    maxInFlight,
    commitIntervalMs,
    drainTimeoutMs,
    onWarning,
    retry,
  };
}

/** Throws a TypeError for handlers that no event could reach. */
export function refuseBadHandlers<Tx>(handlers: Handlers<Tx>): void {
  const names = new Set<string>([...kindOfType.values(), "unknown", "any", "gap", "unknownCard"]);
  const { cards = [], ...named } = handlers ?? {};
  refuseBadCardHandlers(cards);
  const given = Object.entries(named).filter(([, handler]) => handler !== undefined);
  if (given.length + cards.length === 0)
    throw new TypeError("subscribe: there is no handler, so every event would be passed over");
  for (const [name, handler] of given) {
    if (!names.has(name)) throw new TypeError(`subscribe: no event is called ${name}`);
    if (typeof handler !== "function") throw new TypeError(`subscribe: the handler ${name} must be a function`);
  }
}

function refuseBadCardHandlers<Tx>(cards: NonNullable<Handlers<Tx>["cards"]>): void {
  if (!Array.isArray(cards)) throw new TypeError("subscribe: cards must be a list of what on.card makes");
  const types = new Set<string>();
  for (const one of cards) {
    const type = one?.schema?.typeName;
    if (type === undefined || typeof one.handle !== "function") {
      throw new TypeError("subscribe: cards must hold what on.card makes from a schema and a function");
    }
    if (types.has(type)) throw new TypeError(`subscribe: two handlers are for cards of the type ${type}`);
    types.add(type);
  }
}
