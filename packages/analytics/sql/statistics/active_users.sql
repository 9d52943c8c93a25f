-- Users who did something in a room on the day: wrote, edited, reacted, joined others, left.
select count(distinct json_extract_scalar(actor, '$.user_id')) as users
from events
where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
  and operation = 'INSERT'
  and item_kind = 'entry'
  and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
  and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
