/**
 * Asks the catalog for the columns of the table $1 and holds the only rules of what type becomes what: the exporter and
 * the Glue job both run this text. A row is
 *   name, declared   as the catalog has them
 *   lake_type        the column's type in the lake; NULL where it has none
 *   value            SQL that makes text of the column, from which the lake's type is read
 *   in_range         SQL that is false for what the lake's type cannot hold; NULL where it holds everything
 * Domains are what they stand on. Arrays become JSON; numeric without digits, or with more than 38, becomes text.
 */
export const COLUMNS_SQL = `
with recursive resolved as (
  select attnum, attname, format_type(atttypid, atttypmod) as declared, atttypid as typid, atttypmod as typmod
  from pg_attribute
  where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
  union all
  select attnum, attname, declared, typbasetype, typtypmod
  from resolved join pg_type on pg_type.oid = typid
  where typtype = 'd'
), column_of as (
  select attnum, attname, declared, format('%I', attname) as col, typcategory,
    case when typtype = 'e' then 'enum' else format_type(typid, null) end as base,
    case when typmod >= 4 then ((typmod - 4) >> 16) & 65535 end as digits,
    case when typmod >= 4 then (((typmod - 4) & 2047) # 1024) - 1024 end as scale
  from resolved join pg_type on pg_type.oid = typid
  where typtype <> 'd'
), typed as (
  select *, case
    when typcategory = 'A' then 'string'
    when base = 'boolean' then 'boolean'
    when base = 'smallint' then 'smallint'
    when base = 'integer' then 'int'
    when base = 'bigint' then 'bigint'
    when base = 'real' then 'float'
    when base = 'double precision' then 'double'
    when base = 'numeric' and digits <= 38 and scale between 0 and digits then format('decimal(%s,%s)', digits, scale)
    when base = 'bytea' then 'binary'
    when base = 'date' then 'date'
    when base = 'timestamp without time zone' then 'timestamp'
    when base = 'timestamp with time zone' then 'timestamptz'
    when typcategory = 'S' or base in ('enum', 'numeric', 'uuid', 'json', 'jsonb', 'xml', '"char"', 'interval',
      'time without time zone', 'time with time zone', 'bit', 'bit varying', 'inet', 'cidr', 'macaddr', 'macaddr8')
      then 'string'
  end as lake_type
  from column_of
)
select attname::text as name, declared, lake_type,
  case
    when typcategory = 'A' then format('to_json(%s)::text', col)
    when lake_type = 'binary' then format('encode(%s, ''hex'')', col)
    when lake_type = 'timestamptz' then format('(%s at time zone ''UTC'')::text', col)
    else format('%s::text', col)
  end as value,
  case
    when lake_type like 'decimal%' then format('%s <> ''NaN''', col)
    when lake_type = 'date' then format('%s between ''0001-01-01'' and ''9999-12-31''', col)
    when lake_type = 'timestamp' then format('(%1$s >= ''0001-01-01'' and %1$s < ''10000-01-01'')', col)
    when lake_type = 'timestamptz'
      then format('(%1$s >= ''0001-01-01 00:00:00+00'' and %1$s < ''10000-01-01 00:00:00+00'')', col)
  end as in_range
from typed
order by attnum
`;

/** Makes texts of values the same on every server: both the exporter and the Glue job say it at the start of a session. */
export const SESSION_SQL =
  "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 1; " +
  "set row_security = off; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; " +
  "set lock_timeout = '60s'";
