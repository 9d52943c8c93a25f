import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Log } from "../log.ts";
import { RedisAway } from "./redis-away.ts";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisConnectionOptions {
  /** `host:port`: the nodes to begin with. */
  readonly nodes: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Undefined: no TLS. */
  readonly tls?: { readonly ca?: Buffer | undefined } | undefined;
  readonly timeoutMs: number;
  readonly log: Log;
  /** Where a node is reached that Redis names by another address. */
  readonly natMap?: Readonly<Record<string, RedisAddress>>;
}

/** The one way to Redis for commands. It is there from the beginning, whether Redis is or not. */
export interface RedisConnection extends AsyncDisposable {
  /**
   * Runs commands: those of one moment go out together. Rejects with RedisAway at once where there is no connection, and
   * after the time-out at the latest.
   */
  run<Result>(work: (cluster: Cluster) => Promise<Result>): Promise<Result>;
  /** Resolves when there is a connection, or when the time-out is over. */
  whenReady(): Promise<void>;
  /** Masters that are known, and the nodes to begin with. */
  addresses(): RedisAddress[];
  /** A connection to one node, not opened yet; it does not come back by itself. */
  plain(address: RedisAddress): Redis;
}

export function openRedis(options: RedisConnectionOptions): RedisConnection {
  const { timeoutMs, log } = options;
  const seeds = options.nodes.map(toAddress);
  const nodeOptions: RedisOptions = {
    ...(options.username !== undefined && { username: options.username }),
    ...(options.password !== undefined && { password: options.password }),
    ...(options.tls !== undefined && { tls: options.tls.ca === undefined ? {} : { ca: options.tls.ca } }),
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A connection whose other end is gone without a word.
    socketTimeout: 2 * timeoutMs,
  };
  const cluster = new Cluster([...seeds], {
    redisOptions: nodeOptions,
    enableAutoPipelining: true,
    // What waits for Redis to come back would be late, and forgotten by those who asked.
    enableOfflineQueue: false,
    slotsRefreshTimeout: timeoutMs,
    slotsRefreshInterval: 5_000,
    clusterRetryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), 2_000),
    ...(options.natMap !== undefined && { natMap: options.natMap }),
    // Certificates name hosts, not their addresses.
    ...(options.tls !== undefined && { dnsLookup: (host, found) => found(null, host) }),
  });
  // Without a listener ioredis writes errors to the console.
  cluster.on("error", (error: Error) => log.debug({ error }, "Redis cannot be reached"));
  cluster.on("node error", (error: Error, node: string) => log.debug({ error, node }, "a node of Redis has trouble"));
  return {
    run: (work) => answerOf(cluster, work, timeoutMs),
    whenReady: () => readyOf(cluster, timeoutMs),
    addresses: () => [
      ...cluster.nodes("master").map(({ options: { host = "", port = 0 } }) => ({ host, port })),
      ...seeds,
    ],
    plain(address) {
      const { host, port } = options.natMap?.[`${address.host}:${address.port}`] ?? address;
      const redis = new Redis({
        ...nodeOptions,
        host,
        port,
        lazyConnect: true,
        socketTimeout: undefined,
        autoResubscribe: false,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
      });
      redis.on("error", (error: Error) => log.debug({ error, host, port }, "a connection to Redis broke"));
      return redis;
    },
    async [Symbol.asyncDispose]() {
      cluster.disconnect();
    },
  };
}

async function readyOf(cluster: Cluster, timeoutMs: number): Promise<void> {
  if (cluster.status === "ready") return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  cluster.once("ready", resolve);
  await promise;
  clearTimeout(timer);
  cluster.off("ready", resolve);
}

/** ioredis' own time-outs begin once a command is sent; a command may wait for a long time before. */
async function answerOf<Result>(
  cluster: Cluster,
  work: (cluster: Cluster) => Promise<Result>,
  timeoutMs: number,
): Promise<Result> {
  if (cluster.status !== "ready") throw new RedisAway("there is no connection");
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work(cluster), late]);
  } catch (cause) {
    throw cause instanceof RedisAway ? cause : new RedisAway(cause);
  } finally {
    clearTimeout(timer);
  }
}

export function toAddress(text: string): RedisAddress {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
}
