import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Push, PushSchema } from "@maru/protocol/realtime";
import type { Clock } from "../domain/clock.ts";
import type { Log } from "../log.ts";
import { nodeTtlMs, openNodeChannel } from "./node-channel.ts";
import type { NodeListener } from "./realtime.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { nodeKey } from "./redis-keys.ts";
import type { Registrations } from "./registrations.ts";

export interface NodeHearingOptions {
  readonly redis: RedisConnection;
  readonly nodeId: string;
  readonly listener: NodeListener;
  /** What must be in Redis for others to push to this node. */
  readonly registrations: readonly Registrations[];
  readonly clock: Clock;
  readonly log: Log;
  /** Pause between two signs of life. */
  readonly probeMs: number;
  readonly refreshMs: number;
}

/** After so many probes in a row that were not heard the channel is built anew. A count: this process may have stood still. */
const maxUnheard = 3;
const maxBackOffMs = 2_000;

/**
 * Keeps this node hearing: subscribes, proves by probes that it works, keeps alive what is registered, and begins anew when
 * something of it breaks. After each break the listener is told from when on something may not have come.
 */
export class NodeHearing implements AsyncDisposable {
  readonly #options: NodeHearingOptions;
  readonly #hears = Promise.withResolvers<void>();
  #started = false;
  #channel: AsyncDisposable | undefined;
  #probeNumber = 0;
  #unheard = 0;
  #awaited: { readonly number: number; readonly heard: () => void } | undefined;
  #failures = 0;
  #refreshedAtMs: number;
  #refreshIsDue = true;
  /** All that was pushed until then has come. */
  #heardUntilMs: number;
  /** From when on something may be missing that the listener has not been told of. */
  #missingSinceMs: number | undefined;
  #trouble: string | undefined = "Redis has not been reached yet";
  #closed = false;
  #wake = () => {};
  #running: Promise<void> | undefined;

  constructor(options: NodeHearingOptions) {
    this.#options = options;
    this.#heardUntilMs = options.clock.nowMs();
    this.#refreshedAtMs = this.#heardUntilMs;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves when the node hears, but does not wait for long: Redis may be away. */
  async start(waitMs: number): Promise<void> {
    await this.#options.redis.whenReady();
    this.#running = this.#run();
    const waiting = setTimeout(() => this.#hears.resolve(), waitMs);
    await this.#hears.promise;
    clearTimeout(waiting);
    this.#started = true;
    if (this.#channel === undefined) this.#missing(this.#heardUntilMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
    const { redis, nodeId, registrations } = this.#options;
    // First of all: from now on nobody waits for this node.
    const farewell = async () => {
      await redis.run((cluster) => cluster.del(nodeKey(nodeId)));
      await Promise.all(registrations.map((one) => one.clear()));
    };
    await farewell().catch(() => {});
    await this.#channel?.[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        if (this.#channel === undefined) await this.#open();
        else await this.#showLife();
        if (this.#isRefreshDue()) await this.#refresh();
        if (this.#channel !== undefined) this.#onTime();
      } catch (error) {
        this.#failures++;
        this.#setTrouble(error);
      }
      await this.#pause(this.#channel === undefined ? this.#backOffMs() : this.#options.probeMs);
    }
  }

  async #open(): Promise<void> {
    const { redis, nodeId } = this.#options;
    const channel = await openNodeChannel({
      redis,
      nodeId,
      heard: (payload) => this.#hear(payload),
      broken: (why) => this.#break(why),
    });
    this.#channel = channel;
    this.#unheard = 0;
    this.#refreshIsDue = true;
    try {
      await this.#hearOneself();
    } catch (error) {
      this.#break(`it cannot be heard: ${String(error)}`);
      throw error;
    }
  }

  /** Proves the whole way, from those who publish to this node. */
  async #hearOneself(): Promise<void> {
    const { redis, nodeId, probeMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("this node does not hear what it tells itself")), probeMs);
    const number = ++this.#probeNumber;
    this.#awaited = { number, heard: resolve };
    try {
      await redis.run((cluster) => cluster.spublish(nodeKey(nodeId), this.#probe(number)));
      await promise;
    } finally {
      this.#awaited = undefined;
      clearTimeout(timer);
    }
  }

  async #showLife(): Promise<void> {
    const { redis, nodeId } = this.#options;
    if (this.#unheard >= maxUnheard) return this.#break(`${this.#unheard} probes were not heard`);
    this.#unheard++;
    const probe = this.#probe(++this.#probeNumber);
    const key = nodeKey(nodeId);
    const [wasAlive, receivers] = await redis.run((cluster) =>
      Promise.all([cluster.set(key, "1", "PX", nodeTtlMs, "GET"), cluster.spublish(key, probe)]),
    );
    this.#failures = 0;
    // Redis lost it, or this node was silent for too long: what is registered may be gone as well.
    if (wasAlive === null) this.#refreshIsDue = true;
    if (receivers === 0) this.#break("those who publish are told that nobody hears");
  }

  #probe(number: number): Buffer {
    const sentAt = timestampFromMs(this.#options.clock.nowMs());
    const push = create(PushSchema, { kind: { case: "probe", value: { number: BigInt(number), sentAt } } });
    return Buffer.from(toBinary(PushSchema, push));
  }

  #hear(payload: Buffer): void {
    const push = this.#decode(payload);
    if (push === undefined) return;
    if (push.kind.case !== "probe") {
      this.#options.listener.pushed(push);
      return;
    }
    this.#unheard = 0;
    const { number, sentAt } = push.kind.value;
    // What was pushed before the probe came before it.
    if (sentAt !== undefined) this.#heardUntilMs = timestampMs(sentAt);
    if (this.#awaited?.number === Number(number)) this.#awaited.heard();
  }

  #decode(payload: Buffer): Push | undefined {
    try {
      return fromBinary(PushSchema, payload);
    } catch (error) {
      this.#options.log.error({ error, bytes: payload.length }, "a push cannot be read");
      return undefined;
    }
  }

  #break(why: string): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    this.#channel = undefined;
    void channel[Symbol.asyncDispose]();
    this.#missing(this.#heardUntilMs);
    this.#failures++;
    this.#setTrouble(why);
    this.#wake();
  }

  #isRefreshDue(): boolean {
    const { clock, refreshMs, registrations } = this.#options;
    if (this.#refreshIsDue || clock.nowMs() - this.#refreshedAtMs >= refreshMs) return true;
    return registrations.some(({ incomplete }) => incomplete);
  }

  async #refresh(): Promise<void> {
    const beganAtMs = this.#options.clock.nowMs();
    for (const registrations of this.#options.registrations) {
      if (await registrations.refresh()) this.#missing(this.#refreshedAtMs);
    }
    this.#refreshedAtMs = beganAtMs;
    this.#refreshIsDue = false;
  }

  #missing(sinceMs: number): void {
    // Before the start nothing is registered, so nothing is missed.
    if (!this.#started) return;
    this.#missingSinceMs = Math.min(sinceMs, this.#missingSinceMs ?? sinceMs);
  }

  #onTime(): void {
    this.#hears.resolve();
    const sinceMs = this.#missingSinceMs;
    this.#missingSinceMs = undefined;
    if (this.#trouble !== undefined) this.#options.log.info({ missingSinceMs: sinceMs }, "realtime is on time");
    this.#trouble = undefined;
    if (sinceMs !== undefined) this.#options.listener.interrupted(sinceMs);
  }

  #setTrouble(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (this.#trouble === undefined) this.#options.log.warn({ why }, "realtime is late");
    this.#trouble = `what others publish comes late since ${new Date(this.#heardUntilMs).toISOString()}: ${why}`;
  }

  #backOffMs(): number {
    return Math.min(maxBackOffMs, 50 * 2 ** Math.min(this.#failures, 6)) * (0.5 + Math.random() / 2);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
