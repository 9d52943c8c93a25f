import { setTimeout as sleep } from "node:timers/promises";
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from "pg-logical-replication";
import { SourceError } from "../source/source-error.ts";

/** A row as it was and is, in texts. */
export interface RowChange {
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  readonly old: Readonly<Record<string, string | null>> | undefined;
  readonly new: Readonly<Record<string, string | null>> | undefined;
}

export interface SourceTransaction {
  readonly commitLsn: string;
  /** Behind the transaction: where to go on once it is written. */
  readonly endLsn: string;
  readonly committedAtMs: number;
  /** It brings what happened in Maru. */
  readonly isReverse: boolean;
  readonly changes: readonly RowChange[];
}

/** What a transaction says of itself, as the first thing in it. */
export const reverseMessage = "maru_migrate.reverse";

export interface Replication {
  /** Everything before is written for good. */
  acknowledge(lsn: string): Promise<void>;
  /** Resolves when the connection has ended, after `stop`; rejects when it broke off. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Values stay texts, whatever their type. */
class TextPlugin extends PgoutputPlugin {
  received = 0;
  override parse(buffer: Buffer): Pgoutput.Message {
    this.received++;
    const message = super.parse(buffer);
    if (message.tag === "relation") for (const column of message.columns) column.parser = (text: unknown) => text;
    return message;
  }
}

/**
 * Hands over one transaction after the other, in the order of their commits; the next one when `onTransaction` is done. Nothing
 * is acknowledged but by `acknowledge`, or while there is nothing to do.
 */
export async function startReplication(
  options: { readonly source: string; readonly slot: string; readonly publication: string },
  onTransaction: (transaction: SourceTransaction) => Promise<void>,
  isIdle: () => boolean,
): Promise<Replication> {
  const service = new LogicalReplicationService(
    { connectionString: options.source, application_name: "maru-migrate follow" },
    // Its own answers would acknowledge what was received, and not what was written.
    { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: true } },
  );
  const plugin = new TextPlugin({ protoVersion: 1, publicationNames: [options.publication], messages: true });
  const broken = Promise.withResolvers<void>();
  let processed = 0;
  let isInside = false;
  let open: { isReverse: boolean; changes: RowChange[] } = { isReverse: false, changes: [] };
  let acknowledged = "0/0";

  async function take(message: Pgoutput.Message): Promise<void> {
    switch (message.tag) {
      case "begin":
        open = { isReverse: false, changes: [] };
        isInside = true;
        return;
      case "message":
        if (message.prefix === reverseMessage) open.isReverse = true;
        return;
      case "insert":
      case "update":
      case "delete":
        open.changes.push(toRowChange(message));
        return;
      case "truncate":
        throw new SourceError(
          `${message.relations.map(({ name }) => name).join(", ")} was truncated, which cannot be followed: begin again with copy --restart`,
        );
      case "commit":
        await onTransaction({
          ...open,
          commitLsn: message.commitLsn ?? "0/0",
          endLsn: message.commitEndLsn ?? "0/0",
          committedAtMs: Number(message.commitTime) / 1000,
        });
        isInside = false;
        return;
    }
  }
  service.on("data", async (_lsn: string, message: Pgoutput.Message) => {
    try {
      await take(message);
      processed++;
    } catch (error) {
      broken.reject(error);
      // Nothing may be handed over behind what failed.
      await new Promise(() => undefined);
    }
  });
  service.on("error", (error: Error) => broken.reject(error));
  service.on("heartbeat", (lsn: string, _at: number, shouldRespond: boolean) => {
    const nothingLeft = !isInside && processed === plugin.received && isIdle();
    if (nothingLeft) acknowledged = lsn;
    if (nothingLeft || shouldRespond) void service.acknowledge(lsnBefore(acknowledged)).catch(() => undefined);
  });
  const subscribed = subscribe(service, plugin, options.slot);
  let stopped = false;
  const done = Promise.race([
    broken.promise,
    subscribed.then(() => {
      if (!stopped) throw new SourceError("PostgreSQL has ended the replication: run the same command again");
    }),
  ]);
  done.catch(() => undefined);
  return {
    done,
    async acknowledge(lsn) {
      acknowledged = lsn;
      await service.acknowledge(lsnBefore(lsn));
    },
    async stop() {
      stopped = true;
      broken.resolve();
      await service.destroy();
    },
  };
}

/** A connection that was killed a moment ago may still hold the slot. */
async function subscribe(service: LogicalReplicationService, plugin: TextPlugin, slot: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await service.subscribe(plugin, slot);
      return;
    } catch (error) {
      const isActive = (error as { code?: string }).code === "55006";
      if (!isActive || tries === 60) throw error;
      await sleep(500);
    }
  }
}

function toRowChange(message: Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete): RowChange {
  const { schema, name: table } = message.relation;
  const old = message.tag === "insert" ? undefined : (message.old ?? message.key ?? undefined);
  return { schema, table, kind: message.tag, old, new: message.tag === "delete" ? undefined : message.new };
}

/** The library acknowledges one byte more than it is given: a commit that begins right there would be lost. */
export function lsnBefore(lsn: string): string {
  const [high = "0", low = "0"] = lsn.split("/");
  const value = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  const before = value === 0n ? 0n : value - 1n;
  return `${(before >> 32n).toString(16).toUpperCase()}/${(before & 0xffff_ffffn).toString(16).toUpperCase()}`;
}
