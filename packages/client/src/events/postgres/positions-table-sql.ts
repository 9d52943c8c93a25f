/** Names the table in SQL: `positions` or `payments.positions`. Throws a TypeError for what needs no such freedom. */
export function quoteTable(table: string): string {
  if (!/^[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62})?$/.test(table)) {
    throw new TypeError(`postgresPositions: table must be a name like positions or payments.positions, not "${table}"`);
  }
  return table
    .split(".")
    .map((part) => `"${part}"`)
    .join(".");
}

/**
 * The table of positions, for a migration: nothing happens where it is there. Groups may share one.
 *
 * @param table as in the options of `postgresPositions`, default `maru_positions`
 * @throws TypeError for a name that is none
 * @example
 * await pool.query(positionsTableSql());
 */
export function positionsTableSql(table = "maru_positions"): string {
  return `create table if not exists ${quoteTable(table)} (
  consumer_group text not null,
  room_id text not null,
  seq bigint not null,
  attempt uuid not null,
  stored_at timestamptz not null default now(),
  primary key (consumer_group, room_id)
);
`;
}
