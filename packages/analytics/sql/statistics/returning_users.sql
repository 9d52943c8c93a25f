-- Users who wrote on the day, and how many of them had also written in the seven days before.
with writers as (
  select distinct
    json_extract_scalar(actor, '$.user_id') as user_id,
    from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}') as is_today
  from events
  where year in ({{week_years}}) and month in ({{week_months}}) and day in ({{week_days}})
    and operation = 'INSERT'
    and type = 'message_sent'
    and json_extract_scalar(actor, '$.user_id') is not null
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{week_from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
),
users as (
  select user_id, bool_or(is_today) as wrote_today, bool_or(not is_today) as wrote_before
  from writers
  group by user_id
)
select
  count_if(wrote_today) as users,
  count_if(wrote_today and wrote_before) as returning_users
from users
