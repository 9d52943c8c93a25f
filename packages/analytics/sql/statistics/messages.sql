-- Messages that were sent on the day, the rooms that they were sent in, and the users who sent them.
select count(*) as messages, count(distinct room_id) as rooms, count(distinct user_id) as senders
from (
  select room_id, seq, arbitrary(json_extract_scalar(actor, '$.user_id')) as user_id
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type = 'message_sent'
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until}}')
  group by room_id, seq
)
