-- Cards that were sent on the day, by type and by what became of them until the end of the next day.
with entries as (
  select
    room_id,
    seq,
    arbitrary(type) as type,
    arbitrary(body) as body,
    arbitrary(from_iso8601_timestamp(created_at)) as created_at
  from events
  where year in ({{years}}) and month in ({{months}}) and day in ({{days}})
    and operation = 'INSERT'
    and type in ('message_sent', 'message_committed', 'message_cancelled', 'message_deleted')
    and from_iso8601_timestamp(created_at) >= from_iso8601_timestamp('{{from}}')
    and from_iso8601_timestamp(created_at) < from_iso8601_timestamp('{{until_next}}')
  group by room_id, seq
),
cards as (
  select room_id, seq, json_extract_scalar(body, '$.content.card.type') as card_type, body
  from entries
  where type = 'message_sent'
    and created_at < from_iso8601_timestamp('{{until}}')
    and json_extract_scalar(body, '$.content.card.type') is not null
),
endings as (
  select
    room_id,
    cast(json_extract_scalar(body, '$.target_seq') as bigint) as seq,
    max_by(if(json_extract_scalar(body, '$.expired') = 'true', 'expired', substr(type, 9)), seq) as outcome
  from entries
  where type <> 'message_sent'
  group by room_id, cast(json_extract_scalar(body, '$.target_seq') as bigint)
)
select
  card_type,
  coalesce(outcome, if(json_extract_scalar(body, '$.hold_state') = 'HOLD_STATE_HELD', 'held', 'sent')) as outcome,
  count(*) as cards
from cards
left join endings using (room_id, seq)
group by 1, 2
order by 1, 2
