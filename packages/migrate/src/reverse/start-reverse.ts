import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { connectMaru } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { positionsTableSql, postgresPositions } from "@maru/client/events/postgres";
import { isDerivedRoomId } from "@maru/server/domain/rooms/room-id.ts";
import { createDynamoStore } from "@maru/server/store/dynamodb-store.ts";
import { Pool } from "pg";
import { reverseSetting } from "../authority/authority-sql.ts";
import { reverseMessage } from "../follow/replication.ts";
import { importCaller } from "../mapping/import-settings-of.ts";
import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import type { Target } from "../target/connect-target.ts";
import { writeBack } from "./write-back.ts";

export interface ReverseOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  readonly migration: string;
  /** What the source cannot hold goes to `reverse-rejects.ndjson` there. */
  readonly folder: string;
  readonly address: string | readonly string[];
  readonly token: string;
  readonly brokers: readonly string[];
  readonly topic?: string;
  readonly onEvent: () => void;
}

export interface Reverse extends AsyncDisposable {
  /** Rejects with what stopped it. */
  readonly done: Promise<unknown>;
}

/** Writes what happens in rooms that live in Maru into PostgreSQL, each event once, in the order of its room. */
export async function startReverse(options: ReverseOptions): Promise<Reverse> {
  const { source, mapping, target, migration, folder } = options;
  await mkdir(folder, { recursive: true });
  const pool = new Pool({ connectionString: source, max: 20, application_name: "maru-migrate reverse" });
  pool.on("error", () => undefined);
  await pool.query(positionsTableSql("maru_migrate.positions"));
  const deps = {
    mapping,
    target,
    store: createDynamoStore({ client: target.client, tableName: target.table }),
    timeColumns: {
      messages: await requiredTimes(pool, mapping.messages),
      participants: await requiredTimes(pool, mapping.participants),
    },
    onLost: (roomId: string, seq: number, why: string) =>
      void appendFile(join(folder, "reverse-rejects.ndjson"), `${JSON.stringify({ roomId, seq, why })}\n`),
  };
  const maru = connectMaru({ address: options.address as string, token: options.token });
  const consumer = await subscribe(
    maru,
    {
      brokers: [...options.brokers],
      group: `maru-migrate.${migration}.reverse`,
      ...(options.topic !== undefined && { topic: options.topic }),
      positions: postgresPositions(pool, { table: "maru_migrate.positions" }),
      // What cannot be written back must be looked at: the room would go back without it.
      onFailure: "stop",
    },
    {
      any: async ({ entry, roomId }, { tx }) => {
        const prefix = mapping.target.room_id_prefix;
        const id = roomId.startsWith(prefix) ? roomId.slice(prefix.length) : "";
        if (isDerivedRoomId(roomId) || !/^\d+$/.test(id)) return;
        if (entry.imported !== undefined) return;
        if (entry.caller === importCaller && entry.body.case === "roomImported") return;
        await tx.query("select pg_logical_emit_message(true, $1, '')", [reverseMessage]);
        await tx.query("select set_config($1, 'reverse', true)", [reverseSetting]);
        await writeBack(deps, async ({ text, values }) => (await tx.query(text, [...values])).rows, id, entry);
        options.onEvent();
      },
    },
  );
  return {
    done: consumer.done,
    async [Symbol.asyncDispose]() {
      await consumer[Symbol.asyncDispose]();
      await maru[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}

async function requiredTimes(pool: Pool, { schema, table }: TableMapping): Promise<string[]> {
  const { rows } = await pool.query<{ column_name: string }>(
    `select column_name from information_schema.columns where table_schema = $1 and table_name = $2
       and is_nullable = 'NO' and column_default is null and data_type like 'timestamp%'`,
    [schema, table],
  );
  return rows.map(({ column_name }) => column_name);
}
