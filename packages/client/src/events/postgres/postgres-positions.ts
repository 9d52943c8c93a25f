import { randomUUID } from "node:crypto";
import type { PositionStore, ProcessStep } from "../position-store.ts";
import { RoomLockedError, TransactionLostError } from "./errors.ts";
import { guardClient } from "./guard-client.ts";
import type { PgClient, PgClientOf, PgPool } from "./pool.ts";
import { quoteTable } from "./positions-table-sql.ts";

/** How positions are stored. */
export interface PostgresPositionsOptions {
  /** A table as `positionsTableSql` makes it, with its schema if it has one. @default "maru_positions" */
  readonly table?: string;
  /**
   * How long to wait for another consumer that processes an event of the same room, in milliseconds; and for each lock that a
   * statement of the handler needs. @default 10_000
   */
  readonly lockTimeoutMs?: number;
  /**
   * How long a handler may do something else between two statements, in milliseconds, before PostgreSQL ends its
   * transaction: so long may a consumer that hangs hold up a room. @default 30_000
   */
  readonly idleTimeoutMs?: number;
}

type Outcome = "processed" | "repeat";

const LOCK_NOT_AVAILABLE = "55P03";
/** In a failed transaction, no transaction, no such savepoint. */
const TRANSACTION_OVER = new Set(["25P02", "25P01", "3B001"]);

/**
 * Positions in PostgreSQL, each in one transaction with what its handler writes through `ctx.tx`, a client of the pool.
 * The position's row is written, and so locked, before the handler is called: a second consumer of the same room waits, and
 * then finds the event done, without calling the handler.
 *
 * A handler holds one connection: the pool needs `maxInFlight` of the consumer, and more where handlers take others. Give the
 * pool an `error` listener, as `pg` wants it.
 *
 * When the connection breaks off during COMMIT, the position is read back over another one and says whose commit it was.
 * Where that is not possible `process` rejects, and the next call finds out.
 *
 * @throws TypeError, RangeError for options that make no sense. `process` rejects with `RoomLockedError`,
 * `TransactionLostError`, or what the driver throws
 * @example
 * const pool = new Pool({ connectionString, max: 20 });
 * await pool.query(positionsTableSql());
 * await using consumer = await subscribe(maru, { brokers, group: "push", positions: postgresPositions(pool) }, {
 *   messageSent: ({ roomId, seq }, { tx }) => tx.query("insert into pushes (room_id, seq) values ($1, $2)", [roomId, seq]),
 * });
 */
export function postgresPositions<Pool extends PgPool>(
  pool: Pool,
  options: PostgresPositionsOptions = {},
): PositionStore<PgClientOf<Pool>> {
  const { table = "maru_positions", lockTimeoutMs = 10_000, idleTimeoutMs = 30_000 } = options;
  for (const [name, value] of Object.entries({ lockTimeoutMs, idleTimeoutMs })) {
    if (!(Number.isInteger(value) && value >= 1 && value < 2 ** 31)) {
      throw new RangeError(`postgresPositions: ${name} must be a whole number from 1 on, not ${value}`);
    }
  }
  const sql = statements(quoteTable(table), lockTimeoutMs, idleTimeoutMs);

  async function read(group: string, roomId: string): Promise<{ seq: number; attempt: string } | undefined> {
    const [row] = await withClient(pool, async (client) => (await client.query(sql.read, [group, roomId])).rows);
    return row && { seq: Number(row.seq), attempt: String(row.attempt) };
  }

  /** What is known after a COMMIT without an answer; undefined: nothing is stored, or nobody can say. */
  async function readBack({ group, roomId, seq }: ProcessStep, attempt: string): Promise<Outcome | undefined> {
    const stored = await read(group, roomId).catch(() => undefined);
    if (stored === undefined || stored.seq < seq) return undefined;
    return stored.attempt === attempt ? "processed" : "repeat";
  }

  async function move(client: PgClient, step: ProcessStep, attempt: string): Promise<boolean> {
    await client.query(sql.begin);
    try {
      return (await client.query(sql.move, [step.group, step.roomId, step.seq, attempt])).rows.length === 1;
    } catch (error) {
      throw codeOf(error) === LOCK_NOT_AVAILABLE ? new RoomLockedError(step, lockTimeoutMs, error) : error;
    }
  }

  return {
    async load(group, roomId) {
      return (await read(group, roomId))?.seq;
    },
    async process(step, work) {
      const attempt = randomUUID();
      let committing: unknown;
      try {
        return await withClient(pool, async (client) => {
          if (!(await move(client, step, attempt))) {
            await client.query("rollback");
            return "repeat";
          }
          const guarded = guardClient(client, step);
          try {
            await work(guarded.tx as PgClientOf<Pool>);
          } finally {
            guarded.end();
          }
          try {
            await client.query(sql.commit);
          } catch (error) {
            if (TRANSACTION_OVER.has(codeOf(error) ?? "")) throw new TransactionLostError(step, error);
            committing = error;
            throw error;
          }
          return "processed";
        });
      } catch (error) {
        const outcome = error === committing ? await readBack(step, attempt) : undefined;
        if (outcome === undefined) throw error;
        return outcome;
      }
    },
    async ensure(tx, { group, roomId }) {
      await tx.query(sql.ensure, [group, roomId, randomUUID()]);
    },
  };
}

/** Gives the connection back clean: after an error it is rolled back, and thrown away where that is not possible. */
async function withClient<T>(pool: PgPool, use: (client: PgClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks off while nothing is asked of it ends the process, unless somebody listens.
  const onError = () => {};
  client.on("error", onError);
  let isBroken = false;
  try {
    return await use(client);
  } catch (error) {
    await client.query("rollback").catch(() => {
      isBroken = true;
    });
    throw error;
  } finally {
    client.removeListener("error", onError);
    client.release(isBroken);
  }
}

function statements(table: string, lockTimeoutMs: number, idleTimeoutMs: number) {
  return {
    // The savepoint is how COMMIT finds out that it is still the same transaction, and a whole one.
    begin: `begin; set local lock_timeout = ${lockTimeoutMs}; set local idle_in_transaction_session_timeout = ${idleTimeoutMs}; savepoint maru_handler`,
    move: `insert into ${table} as stored (consumer_group, room_id, seq, attempt) values ($1, $2, $3, $4)
      on conflict (consumer_group, room_id) do update
      set seq = excluded.seq, attempt = excluded.attempt, stored_at = now() where stored.seq < excluded.seq
      returning seq`,
    ensure: `insert into ${table} (consumer_group, room_id, seq, attempt) values ($1, $2, 0, $3)
      on conflict (consumer_group, room_id) do nothing`,
    commit: "release savepoint maru_handler; commit",
    read: `select seq, attempt from ${table} where consumer_group = $1 and room_id = $2`,
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as Error & { readonly code?: string }).code : undefined;
}
