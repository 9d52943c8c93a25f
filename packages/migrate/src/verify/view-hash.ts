import { createHash } from "node:crypto";
import type { Mapping } from "../mapping/mapping.ts";
import { quoteName } from "../source/source-client.ts";
import { nameOf, type RoomSpan } from "../source/source-queries.ts";
import type { MessageView } from "./room-view.ts";

/**
 * One text for all messages of a room, of which both sides make the same hash: PostgreSQL where the rows are, so that of rooms
 * that are equal only hashes are sent. A room whose hashes differ is compared message by message.
 */
export function viewHash(messages: readonly MessageView[]): string {
  return md5(messages.map(messageLine).join("\n"));
}

function messageLine({
  id,
  senderId,
  createdAt,
  editedAt,
  deletedAt,
  replyToId,
  text,
  attachments,
}: MessageView): string {
  const content =
    deletedAt === undefined ? [md5(text), attachments.length === 0 ? "" : md5(attachments.join("\n"))] : ["", ""];
  return [id, senderId, createdAt, editedAt ?? "", deletedAt ?? "", replyToId, ...content].join(",");
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Of each room of a span that has messages: room, how many, and their hash. */
export function hashSql({ messages, attachments }: Mapping, span: RoomSpan): string {
  const column = (field: string) => {
    const name = messages.columns.get(field);
    return name === undefined ? "null" : `m.${quoteName(name)}`;
  };
  const micros = (field: string) => {
    const name = column(field);
    return name === "null" ? "null" : `(extract(epoch from ${name}) * 1000000)::bigint`;
  };
  const attachmentHash =
    attachments === undefined ? "''" : `coalesce((${attachmentsSql(attachments, column("id"))}), '')`;
  const isDeleted = `${column("deleted_at")} is not null`;
  const line = [
    `${column("id")}::text`,
    `coalesce(${column("sender")}::text, '')`,
    `coalesce(${micros("created_at")}::text, '')`,
    `coalesce(${micros("edited_at")}::text, '')`,
    `coalesce(${micros("deleted_at")}::text, '')`,
    `coalesce(${column("reply_to")}::text, '')`,
    `case when ${isDeleted} then '' else md5(coalesce(${column("text")}::text, '')) end`,
    `case when ${isDeleted} then '' else ${attachmentHash} end`,
  ].join(" || ',' || ");
  const bounds = [
    ...(span.after === undefined ? [] : [`${column("room")} > ${BigInt(span.after)}`]),
    ...(span.upTo === undefined ? [] : [`${column("room")} <= ${BigInt(span.upTo)}`]),
  ];
  const where = bounds.length === 0 ? `${column("room")} is not null` : bounds.join(" and ");
  return `select ${column("room")} as room, count(*) as count, md5(string_agg(${line}, E'\\n' order by ${column("id")})) as hash
    from ${nameOf(messages)} m where ${where} group by ${column("room")}`;
}

function attachmentsSql(attachments: NonNullable<Mapping["attachments"]>, messageId: string): string {
  const column = (field: string) => {
    const name = attachments.columns.get(field);
    return name === undefined ? "''" : `coalesce(a.${quoteName(name)}::text, '')`;
  };
  const number = (field: string) => {
    const name = attachments.columns.get(field);
    return name === undefined ? "'0'" : `coalesce(a.${quoteName(name)}, 0)::text`;
  };
  const text = [
    column("url"),
    column("media_type"),
    number("size_bytes"),
    number("width_px"),
    number("height_px"),
    column("name"),
  ].join(" || ' ' || ");
  const id = quoteName(attachments.columns.get("id") ?? "id");
  return `select md5(string_agg(${text}, E'\\n' order by a.${id})) from ${nameOf(attachments)} a where a.${quoteName(attachments.columns.get("message") ?? "message_id")} = ${messageId}`;
}
