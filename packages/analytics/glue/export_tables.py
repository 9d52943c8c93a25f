"""Glue job: writes tables of PostgreSQL into the lake as Parquet, as `npm run export-tables` does.

Job parameters:
  --tables      public.regions,public.listings
  --day         2026-11-25, the day of the folder
  --output      s3://bucket/prefix; files go to tables/<schema>.<table>/year=/month=/day=/ below it
  --connection  name of a Glue connection (JDBC) to the database, or
  --secret      id of a secret in Secrets Manager: {"url": "jdbc:postgresql://…", "user": …, "password": …}
  --where       optional: {"public.listings": "updated_at >= '2026-11-25'"}
  --out_of_range  optional: refuse (default), or null

The day's folder of a table is replaced whole, so that a rerun never doubles rows. Each table is read by one query: it is
as of one moment, but two tables are as of two moments. Everything but `main` runs without the awsglue library.
"""

import json
import re
import sys

# The same text as COLUMNS_SQL of src/export/columns-sql.ts, kept by a test: the only rules of what becomes what.
COLUMNS_SQL = r"""
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
"""

SESSION_SQL = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 1; "
    "set row_security = off; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; "
    "set lock_timeout = '60s'"
)

PARTITION_KEYS = {"year", "month", "day"}


class ExportError(Exception):
    """A problem that the person who runs the job can mend; the message is a sentence."""


def parse_table(text):
    found = re.fullmatch(r"(?:([A-Za-z_][A-Za-z0-9_]*)\.)?([A-Za-z_][A-Za-z0-9_]*)", text.strip())
    if not found:
        raise ExportError(f'"{text}" is no table name: write schema.table')
    return found[1] or "public", found[2]


def day_folder(output, table, day):
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise ExportError(f'"{day}" is no day: write it as 2026-11-25')
    year, month, date = day.split("-")
    return f"{output.rstrip('/')}/tables/{table[0]}.{table[1]}/year={year}/month={month}/day={date}/"


def read(spark, jdbc, query):
    options = {
        **jdbc,
        "driver": "org.postgresql.Driver",
        "query": query,
        "sessionInitStatement": SESSION_SQL,
        # Without it the driver holds all rows at once.
        "fetchsize": "5000",
    }
    return spark.read.format("jdbc").options(**options).load()


def columns_of(spark, jdbc, table):
    # Spark puts a query in parentheses, where WITH may stand, and the driver knows no $1.
    quoted = f"\"{table[0]}\".\"{table[1]}\""
    rows = read(spark, jdbc, COLUMNS_SQL.replace("$1", f"'{quoted}'")).collect()
    problems, names = [], set()
    for row in rows:
        name = row["name"].lower()
        if row["lake_type"] is None:
            problems.append(f"{row['name']} is of type {row['declared']}")
        if name in PARTITION_KEYS or name in names or not re.fullmatch(r"[a-z0-9_]+", name):
            problems.append(f"{row['name']} has a name that Athena cannot have beside the others")
        names.add(name)
    if problems or not rows:
        raise ExportError(f"{table[0]}.{table[1]} cannot be exported as it is: {'; '.join(problems) or 'it has no columns'}")
    return rows


def select_sql(table, columns, where=None, out_of_range="refuse"):
    """All values as text, like selectSql of src/export/copy-sql.ts."""
    values = []
    for index, column in enumerate(columns):
        value, in_range, name = column["value"], column["in_range"], column["name"].lower()
        if in_range is not None:
            refused = f" else '<' || {value} || '> of {name} is out of range'" if out_of_range == "refuse" else ""
            value = f"case when {in_range} then {value}{refused} end"
        values.append(f"{value} as c{index}")
    condition = f" where ({where}\n)" if where else ""
    return f"select {', '.join(values)} from \"{table[0]}\".\"{table[1]}\"{condition}"


def typed(frame, columns):
    """Texts become the types of the lake; ANSI mode makes an error of a text that is none."""
    from pyspark.sql import functions as F

    def cast(text, lake_type):
        if lake_type == "string":
            return text
        if lake_type == "binary":
            return F.unhex(text)
        if lake_type == "timestamp":
            return text.cast("timestamp_ntz")
        if lake_type == "timestamptz":
            return text.cast("timestamp")
        return text.cast(lake_type)

    return frame.select(
        *[cast(F.col(f"c{i}"), column["lake_type"]).alias(column["name"].lower()) for i, column in enumerate(columns)]
    )


def configure(spark):
    """What the lake's files need: instants in microseconds and UTC, and errors instead of NULL for what cannot be cast."""
    for key, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.compression.codec": "zstd",
        # Athena and Trino read decimals as they are; the old form of Hive is not needed.
        "spark.sql.parquet.writeLegacyFormat": "false",
    }.items():
        spark.conf.set(key, value)


def export_table(spark, jdbc, table, day, output, where=None, out_of_range="refuse"):
    columns = columns_of(spark, jdbc, table)
    frame = typed(read(spark, jdbc, select_sql(table, columns, where, out_of_range)), columns)
    # Straight into the day's folder: overwriting partitions dynamically would keep old rows where there are none now.
    folder = day_folder(output, table, day)
    frame.write.mode("overwrite").parquet(folder)
    rows = spark.read.schema(frame.schema).parquet(folder).count()
    return {"table": f"{table[0]}.{table[1]}", "rows": rows, "folder": folder}


def export_tables(spark, jdbc, tables, day, output, where=None, out_of_range="refuse"):
    configure(spark)
    return [
        export_table(spark, jdbc, table, day, output, (where or {}).get(f"{table[0]}.{table[1]}"), out_of_range)
        for table in tables
    ]


def jdbc_options(glue, arguments):
    if arguments.get("connection"):
        found = glue.extract_jdbc_conf(arguments["connection"])
        return {"url": found["fullUrl"], "user": found["user"], "password": found["password"]}
    if arguments.get("secret"):
        import boto3

        secret = boto3.client("secretsmanager").get_secret_value(SecretId=arguments["secret"])
        return json.loads(secret["SecretString"])
    raise ExportError("name the database with --connection or --secret")


def main():
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext

    optional = [name for name in ("connection", "secret", "where", "out_of_range") if f"--{name}" in sys.argv]
    arguments = getResolvedOptions(sys.argv, ["JOB_NAME", "tables", "day", "output", *optional])
    glue = GlueContext(SparkContext.getOrCreate())
    job = Job(glue)
    job.init(arguments["JOB_NAME"], arguments)
    report = export_tables(
        glue.spark_session,
        jdbc_options(glue, arguments),
        [parse_table(name) for name in arguments["tables"].split(",")],
        arguments["day"],
        arguments["output"],
        json.loads(arguments.get("where", "{}")),
        arguments.get("out_of_range", "refuse"),
    )
    print(json.dumps(report))
    job.commit()


if __name__ == "__main__":
    main()
