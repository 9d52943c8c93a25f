import type { Redis } from "ioredis";
import type { RedisAddress, RedisConnection } from "./redis-connection.ts";
import { nodeKey } from "./redis-keys.ts";

/** A node that has not said for so long that it lives is gone: what is registered for it is dropped. */
export const nodeTtlMs = 15_000;
const maxMoves = 5;

export interface NodeChannelOptions {
  readonly redis: RedisConnection;
  readonly nodeId: string;
  readonly heard: (payload: Buffer) => void;
  /** Nothing is heard any more. Called once at most. */
  readonly broken: (why: string) => void;
}

/**
 * Hears what is published for a node, over a connection of its own to the master of the channel's slot: subscribed at a
 * replica it would hear too, but those who publish would be told that nobody does.
 */
export async function openNodeChannel(options: NodeChannelOptions): Promise<AsyncDisposable> {
  const { redis, nodeId, heard } = options;
  const channel = nodeKey(nodeId);
  const connection = await connectToMaster(redis, channel);
  let open = true;
  const broken = (why: string) => {
    if (!open) return;
    open = false;
    connection.disconnect();
    options.broken(why);
  };
  connection.on("close", () => broken("the connection broke"));
  connection.on("moved", () => broken("another node of Redis has the channel now"));
  connection.on("smessageBuffer", (_channel: Buffer, payload: Buffer) => open && heard(payload));
  try {
    await connection.ssubscribe(channel);
  } catch (error) {
    open = false;
    connection.disconnect();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      open = false;
      connection.disconnect();
    },
  };
}

async function connectToMaster(redis: RedisConnection, key: string): Promise<Redis> {
  const untried = redis.addresses();
  let failure: unknown = new Error("no node of Redis is known");
  let moves = 0;
  for (let address = untried.shift(); address !== undefined; address = untried.shift()) {
    const connection = redis.plain(address);
    try {
      await connection.connect();
      // To write the key is what only the master of its slot does; others say where that is.
      await connection.set(key, "1", "PX", nodeTtlMs);
      return connection;
    } catch (error) {
      connection.disconnect();
      failure = error;
      const master = movedTo(error, address);
      if (master !== undefined && moves++ < maxMoves) untried.unshift(master);
    }
  }
  throw failure;
}

/** "MOVED 3999 127.0.0.1:6381"; without a host: at the host that was asked. */
function movedTo(error: unknown, asked: RedisAddress): RedisAddress | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(error instanceof Error ? error.message : "") ?? [];
  return port === undefined ? undefined : { host: host || asked.host, port: Number(port) };
}
