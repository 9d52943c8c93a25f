import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { type Stack, startStack } from "@maru/devstack";
import type { Store } from "@maru/server/domain/store.ts";
import { createDynamoStore } from "@maru/server/store/dynamodb-store.ts";
import { controlTable, roomTable } from "@maru/server/store/table-definitions.ts";
import { Client } from "pg";
import type { CopyOptions } from "../src/copy/run-copy.ts";
import type { Mapping } from "../src/mapping/mapping.ts";
import { parseMapping } from "../src/mapping/read-mapping.ts";
import { readConversationLines } from "../src/monolith/conversation-lines.ts";
import { conversationRows } from "../src/monolith/conversation-rows.ts";
import { loadRows } from "../src/monolith/load-rows.ts";
import { monolithMapping } from "../src/monolith/schema.ts";
import { connectTarget, type Target } from "../src/target/connect-target.ts";
import { runVerify, type VerifyOptions, type VerifyReport } from "../src/verify/run-verify.ts";

/** The excerpt of the data set that the repository has, or the whole of it. */
export const conversationsFile =
  process.env.MARU_CONVERSATIONS ?? join(import.meta.dirname, "../../../examples/demo/data/irc-20-rooms.ndjson.gz");

/** A database of its own, and tables of its own, on engines that tests share. */
export interface MigrateWorld extends AsyncDisposable {
  readonly source: string;
  readonly sql: Client;
  readonly mapping: Mapping;
  readonly mappingFile: string;
  readonly target: Target;
  readonly store: Store;
  readonly endpoint: string;
  readonly folder: string;
  readonly migration: string;
  copyOptions(changed?: Partial<CopyOptions>): CopyOptions;
}

export async function startEngines(): Promise<Stack> {
  return startStack({ postgres: true, dynamodb: true });
}

export async function createWorld(
  stack: Stack,
  load: (sql: Client) => Promise<void> = loadRooms(6),
  makeTables: (target: Target) => Promise<void> = createTablesWithoutStream,
): Promise<MigrateWorld> {
  const name = `m${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const url = new URL(stack.postgres?.url ?? "");
  const admin = new Client({ connectionString: url.href });
  admin.on("error", () => undefined);
  await admin.connect();
  await admin.query(`create database ${name}`);
  url.pathname = name;
  const sql = new Client({ connectionString: url.href });
  sql.on("error", () => undefined);
  await sql.connect();
  await load(sql);
  const target = connectTarget({
    endpoint: stack.dynamodb?.endpoint,
    region: "us-east-1",
    table: name,
    controlTable: `${name}_control`,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await makeTables(target);
  const folder = await mkdtemp(join(tmpdir(), "maru-migrate-"));
  const mapping = parseMapping(monolithMapping, "mapping.yaml");
  return {
    source: url.href,
    sql,
    mapping,
    mappingFile: monolithMapping,
    target,
    endpoint: stack.dynamodb?.endpoint ?? "",
    store: createDynamoStore({ client: target.client, tableName: target.table }),
    folder,
    migration: name,
    copyOptions: (changed = {}) => ({
      ...{ source: url.href, mapping, target, migration: name, folder, parallel: 2, roomsPerChunk: 2 },
      ...{
        unitsPerSecond: undefined,
        restart: false,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      },
      ...changed,
    }),
    async [Symbol.asyncDispose]() {
      target[Symbol.dispose]();
      await sql.end();
      await admin.query(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active",
        [name],
      );
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The local engine looks through the records of all streams at each write, once there are many. */
async function createTablesWithoutStream({ client, table, controlTable: control }: Target): Promise<void> {
  const { StreamSpecification: _stream, ...rooms } = roomTable(table);
  await client.send(new CreateTableCommand(rooms));
  await client.send(new CreateTableCommand(controlTable(control)));
}

/** As many rooms as a test needs. */
export function loadRooms(maxRooms: number): (sql: Client) => Promise<void> {
  return async (sql) => {
    const lines = await readConversationLines(conversationsFile);
    const rooms = new Set([...new Set(lines.map(({ room }) => room))].slice(0, maxRooms));
    await loadRows(sql, conversationRows(lines.filter(({ room }) => rooms.has(room))));
  };
}

export function verifyWorld(world: MigrateWorld, changed: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
  const { source, mapping, target } = world;
  const signal = new AbortController().signal;
  const fixed = { source, mapping, target, sample: undefined, parallel: 4, roomsPerSpan: 2, attempts: 1, pauseMs: 0 };
  return runVerify({ ...fixed, signal, onProgress: () => undefined, ...changed });
}
