import { randomUUID } from "node:crypto";
import {
  positionsTableSql,
  postgresPositions,
  RoomLockedError,
  TransactionLostError,
} from "@maru/client/events/postgres";
import { type Stack, startStack, startTcpProxy } from "@maru/devstack";
import { Pool, type PoolClient } from "pg";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  type CommitFault,
  type PositionWorld,
  positionStoreContract,
} from "../packages/client/test/position-store-contract.ts";
import { waitUntil } from "../packages/devstack/src/wait-until.ts";

let stack: Stack;
let pool: Pool;
const endings: (() => Promise<unknown>)[] = [];

function openPool(url: string | undefined, max = 20): Pool {
  const opened = new Pool({ connectionString: url ?? "", max });
  opened.on("error", () => {}); // idle connections end with the engine
  endings.push(() => opened.end());
  return opened;
}

beforeAll(async () => {
  stack = await startStack({ postgres: true });
  pool = openPool(stack.postgres?.url);
  await pool.query(positionsTableSql());
  await pool.query("create table journal (room_id text not null, line text not null)");
});

afterAll(async () => {
  for (const end of endings) await end().catch(() => {});
  await stack?.close();
});

const commitQuery = "release savepoint";

/** A pool whose first COMMIT is cut off: on its way there, or on the way back. */
async function faultyPool(fault: CommitFault): Promise<Pool> {
  const url = new URL(stack.postgres?.url ?? "");
  let isOver = false;
  const proxy = await startTcpProxy({
    target: url.host,
    onChunk(chunk, { from }) {
      const isIt = fault === "lost" ? from === "client" && chunk.includes(commitQuery) : chunk.includes("COMMIT\0");
      if (isOver || !isIt) return chunk;
      isOver = true;
      throw new Error("planned: the connection breaks off");
    },
  });
  endings.push(() => proxy.close());
  url.host = proxy.address;
  return openPool(url.href);
}

/** A pool that connects when it is first asked, so that a store can be made at once. */
function lazily(open: () => Promise<Pool>): { connect(): Promise<PoolClient> } {
  let opening: Promise<Pool> | undefined;
  return {
    async connect() {
      opening ??= open();
      return (await opening).connect();
    },
  };
}

positionStoreContract("positions in PostgreSQL keep the contract", async (): Promise<PositionWorld<PoolClient>> => {
  return {
    open: (fault) => postgresPositions(fault ? lazily(() => faultyPool(fault)) : pool),
    append: async (tx, roomId, line) => void (await tx.query("insert into journal values ($1, $2)", [roomId, line])),
    journal: lines,
  };
});

async function lines(roomId: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>("select line from journal where room_id = $1", [roomId]);
  return rows.map(({ line }) => line);
}

describe("positions in PostgreSQL", () => {
  const group = "payments";
  const stepOf = (seq: number, roomId: string = randomUUID()) => ({ group, roomId, seq, previousSeq: seq - 1 });
  const write = (tx: PoolClient, roomId: string) => tx.query("insert into journal values ($1, 'x')", [roomId]);

  test("handlers get the pool's own client", () => {
    const store = postgresPositions(pool);
    expectTypeOf(store.process).parameter(1).parameter(0).toEqualTypeOf<PoolClient>();
  });

  test("a second consumer waits while the first one's handler runs, and then does not call its own", async () => {
    const step = stepOf(1);
    const [gate, entered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = postgresPositions(pool).process(step, async (tx) => {
      await write(tx, step.roomId);
      entered.resolve();
      await gate.promise;
    });
    await entered.promise;
    let calls = 0;
    const second = postgresPositions(pool).process(step, async () => void calls++);
    const waiting =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into \"maru%'";
    await waitUntil(async () => (await pool.query(waiting)).rows.length === 1, {
      timeoutMs: 10_000,
      describe: () => "the second consumer does not wait for the row",
    });
    gate.resolve();
    expect([await first, await second, calls]).toEqual(["processed", "repeat", 0]);
  });

  test("a handler that hangs loses its transaction, and the next consumer does its work", async () => {
    const step = stepOf(1);
    const [gate, entered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const hanging = postgresPositions(pool, { idleTimeoutMs: 300 }).process(step, async (tx) => {
      await write(tx, step.roomId);
      entered.resolve();
      await gate.promise;
    });
    await entered.promise;
    const impatient = postgresPositions(pool, { lockTimeoutMs: 1 });
    await expect(impatient.process(step, async () => {})).rejects.toThrow(RoomLockedError);
    const patient = postgresPositions(pool);
    expect(await patient.process(step, async (tx) => void (await write(tx, step.roomId)))).toBe("processed");
    gate.resolve();
    expect(await hanging).toBe("repeat");
    expect(await lines(step.roomId)).toEqual(["x"]);
  });

  test("a handler that catches the error of a statement is told that nothing is stored", async () => {
    const step = stepOf(1);
    const swallowing = postgresPositions(pool).process(step, async (tx) => {
      await write(tx, step.roomId);
      await tx.query("select 1/0").catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(TransactionLostError);
    expect(await lines(step.roomId)).toEqual([]);
    expect(await postgresPositions(pool).load(group, step.roomId)).toBeUndefined();
  });

  test.for(["commit", "rollback"])("a handler that says %s itself is told", async (statement) => {
    const step = stepOf(1);
    const ending = postgresPositions(pool).process(step, async (tx) => void (await tx.query(statement)));
    await expect(ending).rejects.toThrow(TransactionLostError);
    const stored = await postgresPositions(pool).load(group, step.roomId);
    expect(stored).toBe(statement === "commit" ? 1 : undefined);
  });

  test("a handler cannot give its connection back", async () => {
    const releasing = postgresPositions(pool).process(stepOf(1), async (tx) => tx.release());
    await expect(releasing).rejects.toThrow("ctx.tx is released by the consumer");
  });

  test("after an error the connection is used again, outside of any transaction", async () => {
    const single = openPool(stack.postgres?.url, 1);
    const store = postgresPositions(single);
    const step = stepOf(1);
    await expect(store.process(step, async (tx) => void (await tx.query("nonsense")))).rejects.toThrow("syntax error");
    expect(await store.process(step, async (tx) => void (await write(tx, step.roomId)))).toBe("processed");
    expect(await store.process(step, async () => {})).toBe("repeat");
    const { rows } = await single.query("select pg_current_xact_id_if_assigned() is null as is_free");
    expect(rows).toEqual([{ is_free: true }]);
    expect(await lines(step.roomId)).toEqual(["x"]);
  });

  test("a COMMIT whose answer is lost is known as its own by reading back", async () => {
    const step = stepOf(1);
    const store = postgresPositions(await faultyPool("unanswered"));
    expect(await store.process(step, async (tx) => void (await write(tx, step.roomId)))).toBe("processed");
    expect(await lines(step.roomId)).toEqual(["x"]);
  });

  test("the table may have another name and a schema, and nothing else", async () => {
    await pool.query("create schema payments");
    await pool.query(positionsTableSql("payments.places"));
    await pool.query(positionsTableSql("payments.places"));
    const step = stepOf(4);
    await postgresPositions(pool, { table: "payments.places" }).process(step, async () => {});
    expect(await postgresPositions(pool, { table: "payments.places" }).load(group, step.roomId)).toBe(4);
    expect(await postgresPositions(pool).load(group, step.roomId)).toBeUndefined();
    expect(() => postgresPositions(pool, { table: 'x"; drop table journal' })).toThrow(TypeError);
    expect(() => postgresPositions(pool, { idleTimeoutMs: 0 })).toThrow(RangeError);
  });

  test("when PostgreSQL is killed under a handler, nothing is stored, and the same store goes on when it is back", async () => {
    const own = await startStack({ postgres: true, env: { ...process.env, MARU_POSTGRES_URL: "" } });
    endings.push(() => own.close());
    const node = own.postgres?.node();
    const ownPool = openPool(own.postgres?.url);
    await ownPool.query(positionsTableSql());
    const store = postgresPositions(ownPool);
    const step = stepOf(1);
    const killed = store.process(step, async (tx) => {
      await node?.kill("SIGKILL");
      // The process that serves this connection outlives the one that was killed by a moment.
      const isOver = () =>
        tx.query("select 1").then(
          () => false,
          () => true,
        );
      await expect.poll(isOver, { timeout: 10_000 }).toBe(true);
    });
    await expect(killed).rejects.toThrow();
    await node?.start();
    await node?.waitUntilHealthy();
    expect(await store.load(group, step.roomId)).toBeUndefined();
    expect(await store.process(step, async () => {})).toBe("processed");
  });
});
