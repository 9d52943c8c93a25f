/**
 * Chat as a Ruby on Rails application keeps it: bigint ids, `timestamp without time zone`, soft deletes, no foreign keys. To
 * try a migration on, and to measure it.
 */
export const monolithSchema = `
create table users (
  id bigserial primary key,
  name character varying not null
);
create table rooms (
  id bigserial primary key,
  kind character varying not null default 'group',
  title character varying,
  listing_id bigint,
  creator_id bigint,
  created_at timestamp(6) without time zone not null,
  updated_at timestamp(6) without time zone not null,
  deleted_at timestamp(6) without time zone
);
create table participants (
  id bigserial primary key,
  room_id bigint not null,
  user_id bigint not null,
  role character varying not null default 'member',
  last_read_message_id bigint,
  created_at timestamp(6) without time zone not null,
  updated_at timestamp(6) without time zone not null,
  deleted_at timestamp(6) without time zone
);
create index index_participants_on_room_id on participants (room_id);
create index index_participants_on_user_id on participants (user_id);
create table messages (
  id bigserial primary key,
  room_id bigint not null,
  sender_id bigint,
  body text,
  reply_to_id bigint,
  created_at timestamp(6) without time zone not null,
  updated_at timestamp(6) without time zone not null,
  edited_at timestamp(6) without time zone,
  deleted_at timestamp(6) without time zone
);
create index index_messages_on_room_id_and_id on messages (room_id, id);
create table attachments (
  id bigserial primary key,
  message_id bigint not null,
  url character varying not null,
  content_type character varying not null,
  byte_size bigint,
  width integer,
  height integer,
  filename character varying
);
create index index_attachments_on_message_id on attachments (message_id);
`;

/** A mapping file that fits `monolithSchema`. */
export const monolithMapping = `# How the old chat's tables become rooms.
rooms:
  table: rooms
  id: id
  kind: kind
  title: title
  subject: listing_id
  creator: creator_id
  created_at: created_at
  closed_at: deleted_at
participants:
  table: participants
  id: id
  room: room_id
  user: user_id
  role: role
  joined_at: created_at
  left_at: deleted_at
  read_message: last_read_message_id
messages:
  table: messages
  id: id
  room: room_id
  sender: sender_id
  text: body
  reply_to: reply_to_id
  created_at: created_at
  edited_at: edited_at
  deleted_at: deleted_at
attachments:
  table: attachments
  id: id
  message: message_id
  url: url
  media_type: content_type
  size_bytes: byte_size
  width_px: width
  height_px: height
  name: filename
target:
  direct_kinds: [direct]
`;
