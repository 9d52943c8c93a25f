import { expect, test } from "vitest";
import columns from "../lake/event-columns.json" with { type: "json" };
import { readCatalog } from "./read-catalog.ts";
import { tableInputOf } from "./table-input.ts";

test("the table's input has the bucket's name in its places, and leaves what the partitions fill in", () => {
  const input = tableInputOf(readCatalog(), "events", { Lake: "my-bucket" });
  expect(input.StorageDescriptor.Location).toBe("s3://my-bucket/events/");
  expect(input.Parameters["storage.location.template"]).toBe(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Athena reads it.
    "s3://my-bucket/events/year=${year}/month=${month}/day=${day}/hour=${hour}/",
  );
  expect(input.StorageDescriptor.Columns).toEqual(columns);
  expect(input.PartitionKeys.map((key) => key.Name)).toEqual(["year", "month", "day", "hour"]);
});

test("a name that is not given, and a table that is not there, are named", () => {
  expect(() => tableInputOf(readCatalog(), "events", {})).toThrow(/names Lake/);
  expect(() => tableInputOf(readCatalog(), "rooms", { Lake: "x" })).toThrow(/no table rooms/);
});
