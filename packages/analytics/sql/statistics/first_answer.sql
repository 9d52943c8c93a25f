-- In rooms that were opened on the day and have a message: how long until somebody else answered, up to the end of the next day, and in which share of them within an hour.
with entries as (
  select
    room_id,
    seq,
    arbitrary(type) as type,
    arbitrary(json_extract_scalar(actor, '$.user_id')) as user_id,
    arbitrary(from_iso8601_timestamp(created_at)) as created_at
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type in ('room_created', 'message_sent')
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until_next}}')
  group by room_id, seq
),
firsts as (
  select
    message.room_id,
    min(message.created_at) as created_at,
    min_by(message.user_id, message.seq) as user_id
  from entries as message
  join entries as opening on opening.room_id = message.room_id and opening.type = 'room_created'
  where message.type = 'message_sent'
    and message.user_id is not null
    and opening.created_at < from_iso8601_timestamp('{{until}}')
  group by message.room_id
),
answers as (
  select
    firsts.room_id,
    min(date_diff('millisecond', firsts.created_at, answer.created_at)) as after_ms
  from firsts
  left join entries as answer
    on answer.room_id = firsts.room_id
    and answer.type = 'message_sent'
    and answer.user_id <> firsts.user_id
  group by firsts.room_id
)
select
  count(*) as rooms,
  count(after_ms) as answered,
  element_at(array_sort(array_agg(after_ms) filter (where after_ms is not null)), cast(ceil(count(after_ms) * 0.5) as integer)) as p50_ms,
  element_at(array_sort(array_agg(after_ms) filter (where after_ms is not null)), cast(ceil(count(after_ms) * 0.9) as integer)) as p90_ms,
  count_if(after_ms <= 3600000) as answered_in_an_hour,
  cast(count_if(after_ms <= 3600000) as double) / nullif(count(*), 0) as share
from answers
