import type { ClientBase } from "pg";
import { COLUMNS_SQL } from "./columns-sql.ts";
import { UnsupportedColumnError } from "./errors.ts";
import type { LakeType } from "./lake-type.ts";
import { quotedTable, type TableName, tableText } from "./table-name.ts";

/** A column of PostgreSQL and what it is in the lake. */
export interface LakeColumn {
  /** In lower case, as Glue has it. */
  readonly name: string;
  /** The type in PostgreSQL, as the catalog writes it: `numeric(12,2)`. */
  readonly declared: string;
  readonly type: LakeType;
  /** SQL of PostgreSQL that makes text of the value. */
  readonly value: string;
  /** SQL of PostgreSQL that is false for a value that the type in the lake cannot hold. */
  readonly inRange: string | undefined;
}

interface CatalogRow {
  readonly name: string;
  readonly declared: string;
  readonly lake_type: LakeType | null;
  readonly value: string;
  readonly in_range: string | null;
}

/** The columns of a table, in their order; throws {@link UnsupportedColumnError} naming all that cannot be exported. */
export async function columnsOf(client: ClientBase, table: TableName): Promise<LakeColumn[]> {
  const { rows } = await client.query<CatalogRow>(COLUMNS_SQL, [quotedTable(table)]);
  return toLakeColumns(tableText(table), rows);
}

const partitionKeys: ReadonlySet<string> = new Set(["year", "month", "day"]);

export function toLakeColumns(table: string, rows: readonly CatalogRow[]): LakeColumn[] {
  const seen = new Set<string>();
  const problems: { column: string; problem: string }[] = [];
  const columns: LakeColumn[] = [];
  for (const row of rows) {
    const name = row.name.toLowerCase();
    const problem = nameProblem(name, seen);
    if (problem !== undefined) problems.push({ column: row.name, problem });
    else if (row.lake_type === null) problems.push({ column: row.name, problem: `is of type ${row.declared}` });
    else {
      const { declared, lake_type: type, value } = row;
      columns.push({ name, declared, type, value, inRange: row.in_range ?? undefined });
    }
    seen.add(name);
  }
  if (problems.length > 0) throw new UnsupportedColumnError(table, problems);
  if (columns.length === 0)
    throw new UnsupportedColumnError(table, [{ column: "the table", problem: "has no columns" }]);
  return columns;
}

function nameProblem(name: string, seen: ReadonlySet<string>): string | undefined {
  if (partitionKeys.has(name)) return "is named as a folder of the lake is (year, month, day)";
  if (seen.has(name)) return "differs from another column in upper and lower case only, which Athena does not see";
  if (!/^[a-z0-9_]+$/.test(name))
    return "has a name of other than letters, digits and underscores, which Athena refuses";
  return undefined;
}
