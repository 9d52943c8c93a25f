-- Everybody who is or was in a room, and how far they have read.
create or replace view members as
with changes as (
  select *, row_number() over (partition by room_id, sk order by lpad(sequence_number, 40, '0') desc) as newest_first
  from events_all
  where item_kind = 'member'
)
select
  room_id,
  substr(sk, 8) as user_id,
  joined_seq is not null and left_seq is null as is_member,
  role,
  joined_seq,
  left_seq,
  coalesce(read_seq, 0) as read_seq,
  coalesce(hidden, false) as hidden
from changes
where newest_first = 1 and operation <> 'REMOVE'
