import { expect, test } from "vitest";
import { addDays, dayAt, isDay, startOfDayMs } from "./local-day.ts";

const startOf = (day: string, timeZone: string): string => new Date(startOfDayMs(day, timeZone)).toISOString();

test("a day begins at midnight of its time zone", () => {
  expect(startOf("2026-11-25", "Asia/Seoul")).toBe("2026-11-24T15:00:00.000Z");
  expect(startOf("2026-11-25", "UTC")).toBe("2026-11-25T00:00:00.000Z");
  expect(startOf("2026-11-25", "Pacific/Kiritimati")).toBe("2026-11-24T10:00:00.000Z");
  expect(startOf("2026-11-25", "Pacific/Pago_Pago")).toBe("2026-11-25T11:00:00.000Z");
});

test("days of 23 and 25 hours, and days without midnight, begin when their date begins", () => {
  expect(startOf("2026-03-29", "Europe/Berlin")).toBe("2026-03-28T23:00:00.000Z");
  expect(startOf("2026-03-30", "Europe/Berlin")).toBe("2026-03-29T22:00:00.000Z");
  expect(startOf("2026-10-26", "Europe/Berlin")).toBe("2026-10-25T23:00:00.000Z");
  expect(startOf("2018-11-04", "America/Sao_Paulo")).toBe("2018-11-04T03:00:00.000Z");
});

test("a moment lies in the day that people there would name", () => {
  expect(dayAt(Date.parse("2026-11-25T14:59:59.999Z"), "Asia/Seoul")).toBe("2026-11-25");
  expect(dayAt(Date.parse("2026-11-25T15:00:00.000Z"), "Asia/Seoul")).toBe("2026-11-26");
});

test("days are counted over months and leap days, and only real days are days", () => {
  expect(addDays("2028-02-28", 1)).toBe("2028-02-29");
  expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
  expect(["2026-02-30", "2026-2-3", "today", "2026-11-25"].map(isDay)).toEqual([false, false, false, true]);
});
