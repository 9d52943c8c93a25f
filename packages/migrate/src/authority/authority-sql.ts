import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import { quoteName } from "../source/source-client.ts";
import { nameOf } from "../source/source-queries.ts";

/** Row of the authority table that stands for rooms without one. */
export const everyOtherRoom = "0";

/** A transaction that says this setting may write rooms that live in Maru: it brings what happened there. */
export const reverseSetting = "maru_migrate.writer";

/** A write to a room that lives in Maru is refused with this SQLSTATE. */
export const livesInMaru = "MR001";

/** Of pg_advisory locks: the room's own, and one that stands for all. */
const lockClass = 1_296_126_549;

/**
 * Where a room lives, as PostgreSQL's side asks it: a table, and triggers that refuse what does not belong here. Whoever writes
 * holds a shared lock on the room until the end of its transaction, and whoever moves the room an exclusive one: so when a room
 * has moved, everything that was written before is committed, and the log of PostgreSQL has it before the move.
 */
export const authoritySql = `
create schema if not exists maru_migrate;
create table if not exists maru_migrate.authority (
  room_id bigint primary key,
  side text not null check (side in ('postgresql', 'maru')),
  changed_at timestamp with time zone not null default now()
);
insert into maru_migrate.authority (room_id, side) values (${everyOtherRoom}, 'postgresql') on conflict do nothing;

create or replace function maru_migrate.require_here(room bigint) returns void language plpgsql as $body$
declare found_side text;
begin
  perform pg_advisory_xact_lock_shared(${lockClass}, 0);
  perform pg_advisory_xact_lock_shared(${lockClass}, hashint8(room));
  if current_setting('transaction_isolation') <> 'read committed' then
    -- An old snapshot would not see that the room has moved: this fails then, and the transaction can be repeated.
    perform 1 from maru_migrate.authority where room_id = ${everyOtherRoom} for share;
  end if;
  select side into found_side from maru_migrate.authority where room_id in (room, ${everyOtherRoom}) order by room_id desc limit 1;
  if found_side = 'maru' then
    raise exception 'room % lives in Maru', room
      using errcode = '${livesInMaru}', hint = 'write it through Maru, or cut it back with maru-migrate cutback';
  end if;
end $body$;

create or replace function maru_migrate.guard() returns trigger language plpgsql as $body$
declare room bigint;
begin
  if current_setting('${reverseSetting}', true) = 'reverse' then return coalesce(new, old); end if;
  room := to_jsonb(coalesce(new, old)) ->> tg_argv[0];
  if room is not null then perform maru_migrate.require_here(room); end if;
  return coalesce(new, old);
end $body$;
`;

export const guardTrigger = "maru_migrate_guard";

/** The trigger that asks where a row's room lives. */
export function guardSql(table: TableMapping, field: string): string {
  const column = (table.columns.get(field) ?? "").replaceAll("'", "''");
  return `create trigger ${guardTrigger} before insert or update or delete on ${nameOf(table)}
    for each row execute function maru_migrate.guard('${column}')`;
}

/** Moves rooms, in one transaction: what was written to them before is then committed. */
export function moveSql(roomIds: readonly string[], side: "postgresql" | "maru"): string {
  const ids = roomIds.map((id) => `(${BigInt(id)}::bigint)`).join(", ");
  return `
select pg_advisory_xact_lock(${lockClass}, key) from (select distinct hashint8(id) as key from (values ${ids}) as rooms (id) order by 1) keys;
insert into maru_migrate.authority (room_id, side) select id, '${side}' from (values ${ids}) as rooms (id)
  on conflict (room_id) do update set side = excluded.side, changed_at = now() where maru_migrate.authority.side <> excluded.side;
update maru_migrate.authority set changed_at = now() where room_id = ${everyOtherRoom};
`;
}

/** Rooms without a row of their own, those that do not exist yet among them. */
export function moveOthersSql(side: "postgresql" | "maru"): string {
  return `
select pg_advisory_xact_lock(${lockClass}, 0);
update maru_migrate.authority set side = '${side}', changed_at = now() where room_id = ${everyOtherRoom};
`;
}

export function publicationSql(mapping: Mapping, publication: string): string {
  const tables = [
    mapping.rooms,
    mapping.participants,
    mapping.messages,
    ...(mapping.attachments ? [mapping.attachments] : []),
  ];
  return `create publication ${quoteName(publication)} for table ${[...tables.map(nameOf), "maru_migrate.authority"].join(", ")}`;
}
