-- Rooms that were opened on the day, by kind.
select kind, count(*) as rooms
from (
  select room_id, arbitrary(json_extract_scalar(body, '$.kind')) as kind
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type = 'room_created'
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
  group by room_id
)
group by kind
order by kind
