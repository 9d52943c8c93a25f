/** A column's type in the lake. `timestamptz` is an instant; `timestamp` is what a clock somewhere showed. */
export type LakeType =
  | "boolean"
  | "smallint"
  | "int"
  | "bigint"
  | "float"
  | "double"
  | "string"
  | "binary"
  | "date"
  | "timestamp"
  | "timestamptz"
  | `decimal(${number},${number})`;

/** As Glue and Athena spell it. They have one type for both timestamps; an instant is read in UTC. */
export function toHiveType(type: LakeType): string {
  return type === "timestamptz" ? "timestamp" : type;
}

const inTrino: Partial<Record<LakeType, string>> = {
  int: "integer",
  float: "real",
  string: "varchar",
  binary: "varbinary",
  timestamp: "timestamp(3)",
  timestamptz: "timestamp(3)",
};

/** As Trino's own CREATE TABLE spells it. */
export function toTrinoType(type: LakeType): string {
  return inTrino[type] ?? type;
}

const inDuckDb: Partial<Record<LakeType, string>> = { string: "VARCHAR", binary: "BLOB", int: "INTEGER" };

/** As DuckDB spells it. */
export function toDuckDbType(type: LakeType): string {
  return inDuckDb[type] ?? type.toUpperCase();
}
