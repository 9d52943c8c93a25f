import { ExportOptionsError } from "./errors.ts";

/** A table of PostgreSQL, spelled as the catalog spells it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Reads `listings` (in the schema public) or `sales.listings`. */
export function parseTableName(text: string): TableName {
  const found = /^(?:([A-Za-z_][A-Za-z0-9_]*)\.)?([A-Za-z_][A-Za-z0-9_]*)$/.exec(text.trim());
  if (found === null) {
    throw new ExportOptionsError(
      `"${text}" is no table name: write schema.table, in letters, digits and underscores, as the catalog spells it.`,
    );
  }
  const [, schema = "public", table = ""] = found;
  return { schema, table };
}

/** `public.listings`: as people and folders write it. */
export function tableText({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

/** `"public"."listings"`: as SQL needs it. The letters of a TableName hold no quotes. */
export function quotedTable({ schema, table }: TableName): string {
  return `"${schema}"."${table}"`;
}

/** What the table is called in Athena unless said otherwise: `public_listings`. */
export function lakeTableName({ schema, table }: TableName): string {
  return `${schema}_${table}`.toLowerCase();
}
