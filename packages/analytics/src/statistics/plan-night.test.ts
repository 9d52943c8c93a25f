import { join } from "node:path";
import { expect, test } from "vitest";
import { planNight } from "./plan-night.ts";
import { readStatistics } from "./read-statistics.ts";
import { parseStatistic } from "./statistic.ts";
import { statisticWindow } from "./statistic-window.ts";

const statistics = readStatistics(join(import.meta.dirname, "../../sql/statistics"));
const bound = "where year in ({{years}}) and month in ({{months}}) and day in ({{days}})";

test("every statistics file has a sentence, binds year, month and day of all that it reads, and can be rendered", () => {
  const plan = planNight(statistics, "Asia/Seoul", { day: "2026-11-25" });
  expect(plan.statistics.map(({ name }) => name)).toEqual([
    ...["active_users", "cards", "first_answer", "messages", "messages_by_region"],
    ...["messages_per_room", "returning_users", "rooms_opened"],
  ]);
  for (const { query } of plan.statistics) {
    expect(query).not.toContain("{{");
    expect(query).toContain("day in ('");
  }
});

test("a file that reads a table without binding year, month and day is refused", () => {
  const sentence = "-- Counts.\n";
  expect(parseStatistic("good", `${sentence}select count(*) from events ${bound}`).sentence).toBe("Counts.");
  const refused = (sql: string) => () => parseStatistic("bad", sentence + sql);
  expect(refused("select count(*) from events")).toThrow("bad.sql reads 1 tables and binds 0");
  expect(refused("select count(*) from events where year in ({{years}}) and day in ({{days}})")).toThrow("binds 0");
  expect(refused(`select 1 from events ${bound} union select 1 from events`)).toThrow("reads 2 tables and binds 1");
  expect(refused(`select count(*) from messages`)).toThrow("reads 1 tables and binds 0");
  expect(refused("select 1")).toThrow("reads 0 tables");
  expect(() => parseStatistic("bad", `select 1 from events ${bound}`)).toThrow("must begin with a sentence");
});

test("a day of Seoul binds the two days of UTC that it lies in, and those of late rows", () => {
  const window = statisticWindow({ day: "2027-01-01", timeZone: "Asia/Seoul", lateDays: 2 });
  expect(window).toMatchObject({
    from: "2026-12-31T15:00:00.000Z",
    until: "2027-01-01T15:00:00.000Z",
    years: "'2026', '2027'",
    months: "'01', '12'",
    days: "'01', '02', '03', '31'",
    table_year: "'2027'",
  });
});

test("the schedule's time means the day that has just ended there; a rerun names its day", () => {
  const dayOf = (input: object) => planNight([], "Asia/Seoul", input).day;
  expect(dayOf({ time: "2026-11-25T15:00:00Z" })).toBe("2026-11-25");
  expect(dayOf({ time: "2026-11-25T14:59:00Z" })).toBe("2026-11-24");
  expect(dayOf({ day: "2026-11-20", lateDays: 7 })).toBe("2026-11-20");
  expect(() => dayOf({})).toThrow("time must be like 2026-11-25T15:00:00Z, not undefined");
  expect(() => dayOf({ day: "yesterday" })).toThrow('day must be like 2026-11-25, not "yesterday"');
  expect(() => dayOf({ day: "2026-11-20", lateDays: -1 })).toThrow("lateDays must be a whole number from 0 to 60");
});
