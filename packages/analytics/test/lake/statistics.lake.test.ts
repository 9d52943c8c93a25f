import { join } from "node:path";
import { queryTrino } from "@maru/devstack";
import { beforeAll, expect, inject, test } from "vitest";
import { openS3Target } from "../../src/export/open-s3-target.ts";
import { flatten } from "../../src/flatten/flatten.ts";
import { partitionAt, partitionPath } from "../../src/lake/partition.ts";
import { writeLines } from "../../src/lake/rows.ts";
import { exportUsers } from "../../src/local/export-users.ts";
import { runNight } from "../../src/local/run-night.ts";
import { parsePersonalData } from "../../src/privacy/parse-personal-data.ts";
import { createPseudonyms } from "../../src/privacy/pseudonyms.ts";
import { readDayResults } from "../../src/report/day-results.ts";
import { planNight } from "../../src/statistics/plan-night.ts";
import { readStatistics } from "../../src/statistics/read-statistics.ts";
import { day, daysOfRooms, regionOf, type ToldEntry, toRecord, userIds, zone } from "./day-of-rooms.ts";
import { type LakeSql, openLakeSql } from "./lake-sql.ts";
import { obviousStatistics } from "./obvious-statistics.ts";

const statistics = readStatistics(join(import.meta.dirname, "../../sql/statistics"));
const entries = daysOfRooms(7);
const flattening = {
  personalData: parsePersonalData("user_ids: full"),
  pseudonyms: createPseudonyms("k".repeat(32)),
  cards: new Map(),
};

let lake: LakeSql;
beforeAll(async () => {
  lake = await openLakeSql();
  await addUsers();
});

/** The users of a table of PostgreSQL, by way of Parquet. */
async function addUsers(): Promise<void> {
  const { postgresUrl, objectStore } = inject("lake");
  const { endpoint, region, accessKeyId, secretAccessKey } = objectStore;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const { signal } = new AbortController();
  await using target = await openS3Target({ bucket: lake.bucket, prefix: "", endpoint, region }, signal);
  const known = userIds.flatMap((userId) => {
    const place = regionOf(userId);
    return place === undefined ? [] : [[userId, place] as const];
  });
  const table = { postgresUrl, target, bucket: lake.bucket, day, regionOf: new Map(known), signal };
  await lake.addTables([await exportUsers(table)]);
}

/** Puts what arrived in a span of time where Firehose would have put it. */
async function arrive(told: readonly ToldEntry[], fromMs: number, untilMs: number): Promise<void> {
  const lines = new Map<string, string[]>();
  for (const [n, entry] of told.entries())
    for (const atMs of entry.arrivedAtMs.filter((ms) => ms >= fromMs && ms < untilMs)) {
      const path = partitionPath(partitionAt(atMs));
      lines.set(path, [...(lines.get(path) ?? []), flatten(flattening, toRecord(entry, n)).trimEnd()]);
    }
  for (const [path, of] of lines) await lake.files.write(`events/${path}${fromMs}.gz`, writeLines(of));
}

const alarms: string[] = [];
const night = (input: object) =>
  runNight({
    ...{ files: lake.files, bucket: lake.bucket, database: lake.database, timeZone: zone, query: lake.query, input },
    onAlarm: (message) => alarms.push(message),
  });

/** The stored numbers of the day, as the page reads them. */
async function stored(): Promise<Record<string, unknown[][]>> {
  const results = await Promise.all(
    statistics.map(async ({ name }) => {
      const [result] = await readDayResults(lake.files, name, { day, dayCount: 1 });
      return [name, result?.rows.map((row) => Object.values(row))] as const;
    }),
  );
  return Object.fromEntries(results) as Record<string, unknown[][]>;
}

const asTexts = (numbers: Record<string, unknown[][]>) =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, rows]) => [
      name,
      rows.map((row) => row.map((one) => (one === null ? null : String(one)))),
    ]),
  );

test("every statistic of a day of Seoul is what a slow program counts, and a rerun with late rows replaces it", async () => {
  const midnightMs = Date.parse("2026-11-25T15:10:00Z");
  await arrive(entries, 0, midnightMs);
  await night({ time: "2026-11-25T15:00:00Z" });
  const arrivedByThen = entries.filter(({ arrivedAtMs }) => arrivedAtMs.some((ms) => ms < midnightMs));
  const atMidnight = await stored();
  expect(atMidnight).toEqual(asTexts(obviousStatistics(arrivedByThen)));

  await arrive(entries, midnightMs, Number.POSITIVE_INFINITY);
  await night({ day, lateDays: 3 });
  const later = await stored();
  expect(later).toEqual(asTexts(obviousStatistics(entries)));
  expect(Number(later.messages?.[0]?.[0])).toBeGreaterThan(Number(atMidnight.messages?.[0]?.[0]));

  await night({ day, lateDays: 3 });
  expect(await stored()).toEqual(later);
  expect(alarms).toEqual([]);
});

test("every query says which years, months and days it reads, in Trino's own words", async () => {
  const { trinoUrl } = inject("lake");
  for (const { name, query } of planNight(statistics, zone, { day }).statistics) {
    const session = { catalog: "lake", schema: lake.database };
    const { rows } = await queryTrino(trinoUrl, `explain (type io, format json) ${query}`, session);
    const { inputTableColumnInfos } = JSON.parse(String(rows[0]?.[0])) as {
      inputTableColumnInfos: {
        table: { schemaTable: { table: string } };
        constraint: { columnConstraints: { columnName: string }[] };
      }[];
    };
    expect(inputTableColumnInfos.length, name).toBeGreaterThan(0);
    for (const { table, constraint } of inputTableColumnInfos) {
      const bound = constraint.columnConstraints.map(({ columnName }) => columnName);
      expect(bound, `${name} of ${table.schemaTable.table}`).toEqual(expect.arrayContaining(["year", "month", "day"]));
    }
  }
});

test("a statistic that fails leaves what is stored of it, stores the others, alarms, and fails the night", async () => {
  const before = await stored();
  const failing: LakeSql["query"] = (sql) =>
    sql.includes("public_users") ? Promise.reject(new Error("HIVE_CANNOT_OPEN_SPLIT")) : lake.query(sql);
  const options = { files: lake.files, bucket: lake.bucket, database: lake.database, timeZone: zone, query: failing };
  const told: string[] = [];
  await expect(
    runNight({ ...options, input: { day, lateDays: 3 }, onAlarm: (message) => told.push(message) }),
  ).rejects.toThrow();
  expect(told).toEqual([
    expect.stringMatching(/^messages_by_region is not at statistics\/messages_by_region\/.*HIVE_CANNOT_OPEN_SPLIT/),
  ]);
  expect(await stored()).toEqual(before);
});
