-- Messages of the day by the region of their senders, as the users' table of PostgreSQL had it that day.
with sent as (
  select room_id, seq, arbitrary(json_extract_scalar(actor, '$.user_id')) as user_id
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type = 'message_sent'
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
  group by room_id, seq
)
select coalesce(users.region, 'unknown') as region, count(*) as messages, count(distinct sent.user_id) as senders
from sent
left join (
  select user_id, region
  from public_users
  where year in ({{table_year}}) and month in ({{table_month}}) and day in ({{table_day}})
) as users on users.user_id = sent.user_id
group by 1
order by 1
