-- How many messages a room got on the day, of those that got any.
with counts as (
  select room_id, count(distinct seq) as messages
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type = 'message_sent'
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
  group by room_id
)
select
  count(*) as rooms,
  cast(sum(messages) as double) / nullif(count(*), 0) as mean,
  element_at(array_sort(array_agg(messages)), cast(ceil(count(*) * 0.5) as integer)) as p50,
  element_at(array_sort(array_agg(messages)), cast(ceil(count(*) * 0.9) as integer)) as p90,
  max(messages) as most
from counts
