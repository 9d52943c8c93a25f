import type { SourceClient } from "../source/source-client.ts";
import { type FieldRule, type Mapping, MappingError, type TableMapping, tableRules } from "./mapping.ts";

const typesOf: Record<FieldRule["type"], readonly string[]> = {
  id: ["bigint", "integer", "smallint"],
  text: ["text", "character varying", "character", "bigint", "integer", "smallint", "USER-DEFINED", "uuid"],
  time: ["timestamp without time zone", "timestamp with time zone"],
  number: ["bigint", "integer", "smallint"],
};

/** Holds a mapping against the tables that are there. Throws MappingError with all that does not fit. */
export async function checkMapping(client: SourceClient, mapping: Mapping): Promise<void> {
  const problems: string[] = [];
  for (const [name, rules] of Object.entries(tableRules)) {
    const table = mapping[name as keyof typeof tableRules];
    if (table !== undefined) problems.push(...(await tableProblems(client, mapping.file, name, table, rules)));
  }
  if (problems.length > 0) throw new MappingError(problems);
}

async function tableProblems(
  client: SourceClient,
  file: string,
  name: string,
  { schema, table, columns, line }: TableMapping,
  rules: readonly FieldRule[],
): Promise<string[]> {
  const found = await client.rows(
    "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2",
    [schema, table],
  );
  if (found.length === 0) {
    return [
      `${file}:${line("table")}: there is no table ${schema}.${table}, or it may not be read: grant select on it`,
    ];
  }
  const types = new Map(found.map(({ column_name, data_type }) => [column_name ?? "", data_type ?? ""]));
  return rules.flatMap((rule) => {
    const column = columns.get(rule.name);
    if (column === undefined) return [];
    const type = types.get(column);
    const at = `${file}:${line(rule.name)}:`;
    if (type === undefined) {
      return [`${at} ${schema}.${table} has no column ${column}: it has ${[...types.keys()].join(", ")}`];
    }
    if (typesOf[rule.type].includes(type)) return [];
    return [`${at} ${name}.${rule.name}: the column ${column} is ${type}, not ${typesOf[rule.type].join(" or ")}`];
  });
}
