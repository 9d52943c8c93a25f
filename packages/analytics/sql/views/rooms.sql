-- Every room as it is now.
create or replace view rooms as
with changes as (
  select *, row_number() over (partition by room_id, sk order by lpad(sequence_number, 40, '0') desc) as newest_first
  from events_all
  where item_kind = 'meta'
)
select
  room_id,
  kind,
  title,
  attributes,
  subject,
  from_iso8601_timestamp_nanos(created_at) as created_at,
  coalesce(member_count, 0) as member_count,
  coalesce(frozen, false) as frozen,
  coalesce(closed, false) as closed,
  state_seq,
  coalesce(purged_below, 0) as purged_below
from changes
where newest_first = 1 and operation <> 'REMOVE' and alias_of is null
