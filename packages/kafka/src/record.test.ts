import { expect, test } from "vitest";
import { toRecord } from "./record.ts";

const message = {
  key: Buffer.from("room"),
  value: null,
  offset: "9007199254740993",
  timestamp: "1700000000123",
  attributes: 0,
  headers: { seq: Buffer.from("7"), twice: [Buffer.from("old"), Buffer.from("new")], gone: undefined },
};

test("a record has the last value of each header as text, the same each time, and its offset whole", () => {
  const record = toRecord({ topic: "t", partition: 3 }, message);
  expect(record).toMatchObject({ topic: "t", partition: 3, offset: 9007199254740993n, value: null });
  expect(record.timestampMs).toBe(1_700_000_000_123);
  expect(record.headers).toEqual({ seq: "7", twice: "new" });
  expect(record.headers).toBe(record.headers);
});

test("a record can be changed and copied as before", () => {
  const record = toRecord({ topic: "t", partition: 3 }, message);
  record.headers = { other: "1" };
  expect(record.headers).toEqual({ other: "1" });
  expect({ ...record }).toMatchObject({ offset: 9007199254740993n, key: Buffer.from("room") });
});
