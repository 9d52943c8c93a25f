import type { Entry, Message } from "@maru/protocol";
import { MemberRole } from "@maru/protocol";
import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import { toMicros } from "../room-log/imported-entry.ts";
import { quoteName } from "../source/source-client.ts";
import { nameOf } from "../source/source-queries.ts";

/** A statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Fields of a mapped table and what they get. Fields that are not mapped are left out. */
export type Fields = Readonly<Record<string, unknown>>;

/** `updated_at` and the like have no default in a Rails schema: columns that must have a value, and are not mapped, get the time. */
export function insertSql(table: TableMapping, fields: Fields, timeColumns: readonly string[], at: string): Statement {
  const mapped = columnsOf(table, fields);
  const others = timeColumns
    .filter((column) => !mapped.some(([name]) => name === column))
    .map((column) => [column, at] as const);
  const all = [...mapped, ...others];
  const names = all.map(([name]) => quoteName(name)).join(", ");
  const id = quoteName(table.columns.get("id") ?? "id");
  return {
    text: `insert into ${nameOf(table)} (${names}) values (${all.map((_, index) => `$${index + 1}`).join(", ")}) returning ${id} as id`,
    values: all.map(([, value]) => value),
  };
}

export function updateSql(table: TableMapping, id: string, fields: Fields): Statement {
  const mapped = columnsOf(table, fields);
  const set = mapped.map(([name], index) => `${quoteName(name)} = $${index + 2}`).join(", ");
  return {
    text: `update ${nameOf(table)} set ${set} where ${quoteName(table.columns.get("id") ?? "id")} = $1`,
    values: [id, ...mapped.map(([, value]) => value)],
  };
}

/** The row of a user in a room that counts: the last one. */
export function participantSql({ participants }: Mapping, roomId: string, userId: string): Statement {
  const column = (field: string) => quoteName(participants.columns.get(field) ?? field);
  return {
    text: `select ${column("id")}::text as id from ${nameOf(participants)} where ${column("room")} = $1 and ${column("user")} = $2 order by ${column("id")} desc limit 1`,
    values: [roomId, userId],
  };
}

function columnsOf(table: TableMapping, fields: Fields): [string, unknown][] {
  return Object.entries(fields).flatMap(([field, value]): [string, unknown][] => {
    const column = table.columns.get(field);
    return column === undefined ? [] : [[column, value]];
  });
}

/** `2026-11-25 12:00:00.123`, in UTC, as a column without a zone has it. */
export function timeText(at: Entry["createdAt"]): string {
  const micros = at === undefined ? 0 : toMicros(at);
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)}${String(micros % 1000).padStart(3, "0")}`;
}

export function roleText(role: MemberRole): string {
  return role === MemberRole.ADMIN ? "admin" : "member";
}

/** What the source can hold of a message; undefined for a card, a place or a notice, for which it has no columns. */
export function sayingOf(message: Pick<Message, "content"> | undefined):
  | {
      readonly text: string;
      readonly items: readonly {
        url: string;
        mediaType: string;
        sizeBytes: bigint;
        widthPx: number;
        heightPx: number;
        name: string;
      }[];
    }
  | undefined {
  const kind = message?.content?.kind;
  if (kind?.case === "text") return { text: kind.value.text, items: [] };
  if (kind?.case === "media") return { text: kind.value.caption, items: kind.value.items };
  return undefined;
}
