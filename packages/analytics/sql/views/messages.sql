-- Every message as it is now: edits applied, deleted, cancelled and held ones gone, each once however often its changes came.
create or replace view messages as
with changes as (
  select *, row_number() over (partition by room_id, sk order by lpad(sequence_number, 40, '0') desc) as newest_first
  from events_all
  where item_kind = 'entry'
)
select
  room_id,
  seq,
  from_iso8601_timestamp_nanos(created_at) as created_at,
  json_extract_scalar(actor, '$.user_id') as user_id,
  json_extract_scalar(actor, '$.service') as service,
  coalesce(
    json_extract_scalar(body, '$.content.text.text'),
    json_extract_scalar(body, '$.content.media.caption'),
    json_extract_scalar(body, '$.content.system.text')
  ) as text,
  json_extract_scalar(body, '$.content.card.type') as card_type,
  json_format(json_extract(body, '$.content.card.json')) as card,
  json_format(json_extract(body, '$.content')) as content,
  try_cast(json_extract_scalar(body, '$.reply_to_seq') as bigint) as reply_to_seq,
  coalesce(try_cast(json_extract_scalar(body, '$.edit_count') as bigint), 0) as edit_count,
  json_format(json_extract(body, '$.reactions')) as reactions,
  json_extract_scalar(body, '$.hold_state') as hold_state
from changes
where newest_first = 1
  and operation <> 'REMOVE'
  and type = 'message_sent'
  and json_extract(body, '$.deletion') is null
  and coalesce(json_extract_scalar(body, '$.hold_state'), '') not in ('HOLD_STATE_HELD', 'HOLD_STATE_CANCELLED')
