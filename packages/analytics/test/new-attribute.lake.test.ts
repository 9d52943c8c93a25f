import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, inject, test } from "vitest";
import { flatten } from "../src/flatten/flatten.ts";
import { partitionAt, partitionPath } from "../src/lake/partition.ts";
import { writeLines } from "../src/lake/rows.ts";
import { updateGlueTable } from "../src/local/glue-tables.ts";
import { parsePersonalData } from "../src/privacy/parse-personal-data.ts";
import { createPseudonyms } from "../src/privacy/pseudonyms.ts";
import { readCatalog } from "../src/template/read-catalog.ts";
import { tableInputOf } from "../src/template/table-input.ts";
import { toRecord } from "./lake/day-of-rooms.ts";
import { type LakeSql, openLakeSql } from "./lake/lake-sql.ts";

// The package's own policy, which knows of no such field.
const personalData = parsePersonalData(readFileSync(join(import.meta.dirname, "../personal-data.yaml"), "utf8"));
const flattening = { personalData, pseudonyms: createPseudonyms("k".repeat(32)), cards: new Map() };
const atMs = Date.parse("2026-11-25T10:30:00Z");

let lake: LakeSql;
beforeAll(async () => {
  lake = await openLakeSql();
  await write("before", [message(1, "from before", {})]);
  await write("after", [message(2, "with more", { urgency: { N: "3" }, labels: { SS: ["b", "a"] } })]);
});

function message(seq: number, text: string, attributes: object): string {
  const record = toRecord(
    {
      ...{ roomId: "r1", seq, type: "message_sent", userId: "user-1", createdAtMs: atMs, arrivedAtMs: [atMs] },
      body: { content: { text: { text, mood: "glad" } } },
    },
    seq,
  );
  const NewImage = { ...record.dynamodb?.NewImage, ...attributes };
  return flatten(flattening, { ...record, dynamodb: { ...record.dynamodb, NewImage } }).trimEnd();
}

const write = (name: string, lines: readonly string[]): Promise<void> =>
  lake.files.write(`events/${partitionPath(partitionAt(atMs))}${name}.gz`, writeLines(lines));

const rowsOf = async (sql: string): Promise<unknown> => (await lake.query(sql)).rows;
const ofTheHour = "from events where year = '2026' and month = '11' and day = '25' and hour = '10'";
const views = async () => ({
  messages: await rowsOf("select seq, text from messages order by seq"),
  rooms: await rowsOf("select count(*) from rooms"),
  members: await rowsOf("select count(*) from members"),
});

test("rows with attributes that the table has no columns for are read as before, by queries and views", async () => {
  expect(await rowsOf(`select seq, operation ${ofTheHour} order by seq`)).toEqual([
    [1, "INSERT"],
    [2, "INSERT"],
  ]);
  expect((await views()).messages).toEqual([
    [1, "from before"],
    [2, "with more"],
  ]);
  await expect(rowsOf(`select urgency ${ofTheHour}`)).rejects.toThrow("Column 'urgency' cannot be resolved");
});

test("a new field within a column of JSON is there at once, in full, as no rule of the policy names it", async () => {
  const mood = "json_extract_scalar(body, '$.content.text.mood')";
  expect(await rowsOf(`select ${mood} ${ofTheHour}`)).toEqual([["glad"], ["glad"]]);
});

test("when the table gets the columns, the rows that were there have them too, in full, and the views go on", async () => {
  const before = await views();
  for (const name of ["events", "events_all"]) {
    const table = tableInputOf(readCatalog(), name, { Lake: lake.bucket });
    const { StorageDescriptor } = table;
    const added = [
      { Name: "urgency", Type: "bigint" },
      { Name: "labels", Type: "string" },
    ];
    await updateGlueTable(inject("lake").glueEndpoint, lake.database, {
      ...table,
      StorageDescriptor: { ...StorageDescriptor, Columns: [...StorageDescriptor.Columns, ...added] },
    });
  }
  expect(await rowsOf(`select seq, urgency, labels ${ofTheHour} order by seq`)).toEqual([
    [1, null, null],
    [2, 3, '["a","b"]'],
  ]);
  expect(await views()).toEqual(before);
});
