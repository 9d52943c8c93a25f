import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type AnyAttribute, anyItem, anyText, toLambda, toPlain } from "../src/flatten/any-item.ts";
import { flatten } from "../src/flatten/flatten.ts";
import { partitionAt, partitionPath } from "../src/lake/partition.ts";
import { writeLines } from "../src/lake/rows.ts";
import { parsePersonalData } from "../src/privacy/parse-personal-data.ts";
import { createPseudonyms } from "../src/privacy/pseudonyms.ts";
import { parseExactly } from "./lake/exact-json.ts";
import { type LakeSql, openLakeSql } from "./lake/lake-sql.ts";

const atMs = Date.parse("2026-11-25T10:30:00Z");
const partition = partitionAt(atMs);
const inFull = {
  personalData: parsePersonalData("user_ids: full"),
  pseudonyms: createPseudonyms("k".repeat(32)),
  cards: new Map(),
};

let lake: LakeSql;
let objects = 0;
beforeAll(async () => {
  lake = await openLakeSql();
});

type Attributes = Readonly<Record<string, AnyAttribute>>;

/** Flattens items into one object, and reads back what SQL says of each: expressions over the table's columns. */
async function throughSql(
  items: readonly Attributes[],
  expressions: readonly string[],
): Promise<(string | number | null)[][]> {
  const roomId = `object-${objects++}`;
  const rows = items.map((item, at) => flatten(inFull, recordOf(roomId, at, item)).trimEnd());
  await lake.files.write(`events/${partitionPath(partition)}${roomId}.gz`, writeLines(rows));
  const { year, month, day, hour } = partition;
  const answer = await lake.query(
    `select ${expressions.join(", ")} from events
     where year = '${year}' and month = '${month}' and day = '${day}' and hour = '${hour}' and room_id = '${roomId}'
     order by sk`,
  );
  return answer.rows as (string | number | null)[][];
}

function recordOf(roomId: string, at: number, item: Attributes): LambdaStreamRecord {
  const image = { ...item, room_id: { S: roomId }, sk: { S: `log#${String(at).padStart(10, "0")}` } };
  return {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: atMs / 1000,
      SequenceNumber: String(at),
      NewImage: Object.fromEntries(Object.entries(image).map(([name, one]) => [name, toLambda(one)])),
    },
  };
}

const perObject = { minLength: 25, maxLength: 25 };
// A run is a query: to look for a smaller example would take long, and the message has the item.
const runs = { numRuns: 20, endOnFailure: true };

test("any item in a column of JSON is in SQL what it was in the table, to the last digit", {
  timeout: 600_000,
}, async () => {
  const property = fc.asyncProperty(fc.array(anyItem(), perObject), async (items) => {
    const rows = await throughSql(
      items.map((item) => ({ body: { M: item } })),
      ["body"],
    );
    expect(rows).toHaveLength(items.length);
    for (const [at, item] of items.entries())
      expect(parseExactly(String(rows[at]?.[0]))).toEqual(parseExactly(toPlain({ M: item })));
  });
  await fc.assert(property, runs);
});

test("numbers, truths and texts in columns of their own are in SQL what they were", { timeout: 600_000 }, async () => {
  const seq = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const columns = fc.record({ seq, frozen: fc.boolean(), title: anyText(40) });
  const property = fc.asyncProperty(fc.array(columns, perObject), async (items) => {
    const rows = await throughSql(
      items.map(({ seq, frozen, title }) => ({
        seq: { N: String(seq) },
        frozen: { BOOL: frozen },
        title: { S: title },
      })),
      ["cast(seq as varchar)", "cast(frozen as varchar)", "title"],
    );
    expect(rows).toEqual(items.map(({ seq, frozen, title }) => [String(seq), String(frozen), title]));
  });
  await fc.assert(property, runs);
});

test("texts that separate, quote or end something elsewhere arrive as they are", async () => {
  const titles = [
    "",
    " ",
    '"',
    "\\",
    '\\"',
    "\n",
    "\r\n",
    "\t",
    "\0",
    "a\0b",
    "\u001b",
    "\u007f",
    "\u0085",
    "\u2028",
    "\\N",
  ];
  titles.push("null", "{}", "[1]", "'", "--", "\ufeff", "\ufffd", "\uffff", "e\u0301", "👩‍👩‍👧", "\u{10ffff}", "한글");
  const items = titles.map((title) => ({ title: { S: title }, body: { M: { [`k${title}`]: { S: title } } } }));
  const rows = await throughSql(items, ["title", "body"]);
  expect(rows.map(([title]) => title)).toEqual(titles);
  expect(rows.map(([, body]) => JSON.parse(String(body)))).toEqual(titles.map((title) => ({ [`k${title}`]: title })));
});

test("SQL's own type for JSON holds fractions as doubles, and json_extract_scalar keeps their digits", async () => {
  const n = "0.12345678901234567890123456789";
  const [row] = await throughSql(
    [{ body: { M: { n: { N: n } } } }],
    [
      "json_extract_scalar(body, '$.n')",
      "cast(cast(json_extract_scalar(body, '$.n') as decimal(38, 29)) as varchar)",
      "json_format(json_extract(body, '$.n'))",
    ],
  );
  expect(row).toEqual([n, n, String(Number(n))]);
});

test("an attribute that does not fit its column would make its whole object unreadable, and so becomes no row", async () => {
  const seq = { M: { a: { N: "1" } } };
  await expect(throughSql([{ seq }], ["seq"])).rejects.toThrow("seq holds nothing that its column, a bigint, takes");
  const row = `{"room_id":"unfit","seq":{"a":1}}`;
  const key = `events/${partitionPath(partition)}unfit.gz`;
  await lake.files.write(key, writeLines([row]));
  await expect(throughSql([{ seq: { N: "1" } }], ["seq"])).rejects.toThrow("Failed to read file");
  await lake.files.remove(key);
  expect(await throughSql([{ seq: { N: "1" } }], ["seq"])).toEqual([[1]]);
});
