import { type Mapping, type TableMapping, tableRules } from "../mapping/mapping.ts";
import { quoteName } from "./source-client.ts";
import type { FieldOf } from "./to-source-row.ts";

/** Rooms whose ids are above `after` and up to `upTo`; undefined: no bound. */
export interface RoomSpan {
  readonly after: string | undefined;
  readonly upTo: string | undefined;
}

/** The queries of a mapping. Columns come in the order of the mapping's fields. */
export interface SourceQueries {
  rooms(span: RoomSpan): string;
  participants(span: RoomSpan): string;
  messages(span: RoomSpan): string;
  /** With the room of each one's message first. */
  attachments(span: RoomSpan): string | undefined;
  count(table: "rooms" | "participants" | "messages" | "attachments", span: RoomSpan): string;
  /** Ids of rows that belong to no room, by table. */
  readonly homeless: readonly { readonly table: "participants" | "messages" | "attachments"; readonly sql: string }[];
  /** The id of every n-th room. */
  everyNthRoom(n: number): string;
}

export function createSourceQueries(mapping: Mapping): SourceQueries {
  const { rooms, participants, messages, attachments } = mapping;
  const select = (table: TableMapping, rule: keyof typeof tableRules, alias: string) =>
    tableRules[rule].map(({ name }) => fieldSql(table, name, alias)).join(", ");
  const room = (table: TableMapping, field: string, alias: string) => `${alias}.${quoteName(column(table, field))}`;
  const joined = () =>
    `from ${nameOf(attachments as TableMapping)} a join ${nameOf(messages)} m on ${room(attachments as TableMapping, "message", "a")} = ${room(messages, "id", "m")}`;
  const froms = {
    rooms: (span: RoomSpan) => `from ${nameOf(rooms)} r ${where(room(rooms, "id", "r"), span)}`,
    participants: (span: RoomSpan) => `from ${nameOf(participants)} p ${where(room(participants, "room", "p"), span)}`,
    messages: (span: RoomSpan) => `from ${nameOf(messages)} m ${where(room(messages, "room", "m"), span)}`,
    attachments: (span: RoomSpan) => `${joined()} ${where(room(messages, "room", "m"), span)}`,
  };
  return {
    rooms: (span) => `select ${select(rooms, "rooms", "r")} ${froms.rooms(span)} order by ${room(rooms, "id", "r")}`,
    participants: (span) =>
      `select ${select(participants, "participants", "p")} ${froms.participants(span)} order by ${room(participants, "room", "p")}, ${room(participants, "id", "p")}`,
    messages: (span) =>
      `select ${select(messages, "messages", "m")} ${froms.messages(span)} order by ${room(messages, "room", "m")}, ${room(messages, "id", "m")}`,
    attachments: (span) =>
      attachments &&
      `select ${select(attachments, "attachments", "a")} ${froms.attachments(span)} order by ${room(messages, "room", "m")}, ${room(messages, "id", "m")}, ${room(attachments, "id", "a")}`,
    count: (table, span) => `select count(*) as count ${froms[table](span)}`,
    homeless: [
      {
        table: "participants",
        sql: `select ${room(participants, "id", "p")} as id from ${nameOf(participants)} p where ${room(participants, "room", "p")} is null`,
      },
      {
        table: "messages",
        sql: `select ${room(messages, "id", "m")} as id from ${nameOf(messages)} m where ${room(messages, "room", "m")} is null`,
      },
      ...(attachments === undefined
        ? []
        : [
            {
              table: "attachments" as const,
              sql: `select ${room(attachments, "id", "a")} as id from ${nameOf(attachments)} a left join ${nameOf(messages)} m on ${room(attachments, "message", "a")} = ${room(messages, "id", "m")} where ${room(messages, "room", "m")} is null`,
            },
          ]),
    ],
    everyNthRoom: (n) =>
      `select id from (select ${room(rooms, "id", "r")} as id, row_number() over (order by ${room(rooms, "id", "r")}) as n from ${nameOf(rooms)} r) numbered where n % ${n} = 0 order by id`,
  };
}

/** Reads fields of rows that come as lists, as the queries make them. */
export function fieldsOfList(rule: keyof typeof tableRules, row: readonly (string | null)[]): FieldOf {
  const index = indexes[rule];
  return (field) => row[index.get(field) ?? -1] ?? null;
}

const indexes = Object.fromEntries(
  Object.entries(tableRules).map(([name, rules]) => [name, new Map(rules.map((rule, index) => [rule.name, index]))]),
) as unknown as Record<keyof typeof tableRules, ReadonlyMap<string, number>>;

export function nameOf({ schema, table }: TableMapping): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}

function column(table: TableMapping, field: string): string {
  const name = table.columns.get(field);
  if (name === undefined) throw new TypeError(`the mapping has no column for ${field}`);
  return name;
}

function fieldSql(table: TableMapping, field: string, alias: string): string {
  const name = table.columns.get(field);
  return name === undefined ? "null" : `${alias}.${quoteName(name)}`;
}

function where(roomColumn: string, { after, upTo }: RoomSpan): string {
  const bounds = [
    ...(after === undefined ? [] : [`${roomColumn} > ${literal(after)}`]),
    ...(upTo === undefined ? [] : [`${roomColumn} <= ${literal(upTo)}`]),
  ];
  return `where ${bounds.length === 0 ? `${roomColumn} is not null` : bounds.join(" and ")}`;
}

function literal(id: string): string {
  if (!/^-?\d+$/.test(id)) throw new TypeError(`${id} is no id`);
  return `${id}::bigint`;
}
