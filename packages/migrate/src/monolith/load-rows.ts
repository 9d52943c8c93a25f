import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client, type ClientBase } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { MonolithRows } from "./rows.ts";
import { monolithSchema } from "./schema.ts";

/** Makes the monolith's tables in an empty database and fills them. */
export async function loadRows(client: ClientBase, rows: MonolithRows): Promise<void> {
  await client.query(monolithSchema);
  await copyInto(client, "users", rows.users);
  await copyInto(client, "messages", withUpdatedAt(rows.messages));
  await copyInto(client, "attachments", rows.attachments);
  await copyInto(client, "rooms", withUpdatedAt(rows.rooms));
  await copyInto(client, "participants", withUpdatedAt(rows.participants));
  for (const table of ["users", "messages", "attachments", "rooms", "participants"]) {
    await client.query(
      `select setval(pg_get_serial_sequence('${table}', 'id'), greatest(1, (select max(id) from ${table})))`,
    );
  }
  await client.query("analyze");
}

function* withUpdatedAt<Row extends { readonly created_at: string }>(rows: Iterable<Row>) {
  for (const row of rows) yield { ...row, updated_at: row.created_at };
}

async function copyInto(client: ClientBase, table: string, rows: Iterable<object>): Promise<void> {
  const iterator = rows[Symbol.iterator]();
  const first = iterator.next();
  if (first.done === true) return;
  const columns = Object.keys(first.value);
  const into = client.query(copyFrom(`copy ${table} (${columns.join(", ")}) from stdin`));
  function* text(): Generator<string> {
    let block = "";
    for (let row: IteratorResult<object> = first; row.done !== true; row = iterator.next()) {
      block += `${Object.values(row.value).map(copyText).join("\t")}\n`;
      if (block.length < 64 * 1024) continue;
      yield block;
      block = "";
    }
    yield block;
  }
  await pipeline(Readable.from(text()), into);
}

/** A value in COPY's text format. */
function copyText(value: unknown): string {
  if (value === null) return "\\N";
  return String(value).replace(/[\\\t\n\r]/g, (char) => ({ "\\": "\\\\", "\t": "\\t", "\n": "\\n" })[char] ?? "\\r");
}

/** Makes a database beside the one of the address, fills it, and returns its address. */
export async function createDatabase(
  url: string,
  name: string,
  load: (client: Client) => Promise<void>,
): Promise<string> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
  } finally {
    await admin.end();
  }
  const made = new URL(url);
  made.pathname = name;
  const client = new Client({ connectionString: made.href });
  await client.connect();
  try {
    await load(client);
  } finally {
    await client.end();
  }
  return made.href;
}
