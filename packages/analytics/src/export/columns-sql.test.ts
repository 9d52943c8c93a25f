import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COLUMNS_SQL, SESSION_SQL } from "./columns-sql.ts";

test("the Glue job asks the catalog and begins its session with the exporter's own texts", () => {
  const job = readFileSync(join(import.meta.dirname, "../../glue/export_tables.py"), "utf8");
  expect(job).toContain(`COLUMNS_SQL = r"""${COLUMNS_SQL}"""`);
  const session = /SESSION_SQL = \(\n([^)]*)\)/.exec(job)?.[1] ?? "";
  expect([...session.matchAll(/"(.*)"/g)].map(([, text]) => text).join("")).toBe(SESSION_SQL);
});
