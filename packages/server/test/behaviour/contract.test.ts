import {
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { contractMethods, contractRegistry, nameOf } from "../contract-methods.ts";

/** Fields without a rule, and why every value of theirs is good. */
const freeFields: Readonly<Record<string, string>> = {
  "maru.chat.v1.SendMessageRequest.reply_to_seq": "the log knows whether the entry exists",
  "maru.chat.v1.ListMessagesRequest.before": "every number is a bound",
  "maru.chat.v1.ListMessagesRequest.after": "every number is a bound",
  "maru.chat.v1.ListMessagesRequest.around": "every number is a place to look",
  "maru.chat.v1.ListMessagesRequest.before_time": "every time is a bound",
  "maru.chat.v1.ListMessagesRequest.after_time": "every time is a bound",
  "maru.chat.v1.ListMessagesRequest.around_time": "every time is a place to look",
  "maru.chat.v1.ListMembersRequest.include_left": "yes or no",
  "maru.chat.v1.ListRoomsRequest.include_hidden": "yes or no",
  "maru.chat.v1.MuteMemberRequest.muted_until": "the server holds it against the years that Protobuf knows",
  "maru.chat.v1.MuteNotificationsRequest.muted_until": "the server holds it against the years that Protobuf knows",
  "maru.chat.v1.UpdateRoomRequest.expected_state_seq": "every number is an expectation",
  "maru.chat.v1.GetMessageRequest.actor": "unset means the calling service",
  "maru.chat.v1.ListMessagesRequest.actor": "unset means the calling service",
  "maru.chat.v1.ListMessageVersionsRequest.actor": "unset means the calling service",
  "maru.chat.v1.ListPinnedMessagesRequest.actor": "unset means the calling service",
  "maru.chat.v1.GetCardRequest.actor": "unset means the calling service",
  "maru.chat.v1.WatchRoomRequest.after": "the log knows whether it has the number",
  "maru.chat.v1.ListEntriesRequest.after": "every number is a bound",
  "maru.chat.v1.RunReconcileRequest.since": "every time is a bound",
  "maru.chat.v1.RunReconcileRequest.active_rooms_only": "yes or no",
  "maru.chat.v1.MediaItem.size_bytes": "a fact of the sender, which the server does not check",
  "maru.chat.v1.MediaItem.width_px": "a fact of the sender, which the server does not check",
  "maru.chat.v1.MediaItem.height_px": "a fact of the sender, which the server does not check",
  "maru.chat.v1.MediaItem.duration_ms": "a fact of the sender, which the server does not check",
  "maru.chat.v1.Mention.start_utf16": "held against the text, which a rule of one field cannot see",
  "maru.chat.v1.Mention.length_utf16": "held against the text, which a rule of one field cannot see",
  "maru.chat.v1.SystemNotice.counts_as_unread": "yes or no",
};

const fieldRules = extension("buf.validate.field");
const oneofRules = extension("buf.validate.oneof");

function extension(name: string): DescExtension {
  const found = contractRegistry.getExtension(name);
  if (found === undefined) throw new Error(`the contracts do not hold ${name}`);
  return found;
}

function isRead({ idempotency }: DescMethod): boolean {
  return idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** The requests, and the messages of the contract that lie in them. */
function reachable(roots: readonly DescMessage[]): DescMessage[] {
  const seen = new Set<DescMessage>();
  const visit = (message: DescMessage) => {
    if (seen.has(message) || !message.typeName.startsWith("maru.")) return;
    seen.add(message);
    for (const { message: inner } of message.fields) if (inner !== undefined) visit(inner);
  };
  for (const root of roots) visit(root);
  return [...seen];
}

const messages = reachable(contractMethods.map(({ input }) => input));
const fields = messages.flatMap((message) => message.fields);
const fullName = (field: DescField) => `${field.parent.typeName}.${field.name}`;

/** A message in a oneof that must be set is checked by its own rules. */
function isChecked(field: DescField): boolean {
  const chosen = field.oneof !== undefined && hasOption(field.oneof, oneofRules);
  return hasOption(field, fieldRules) || (chosen && field.fieldKind === "message");
}

function rulesOf(field: DescField): string {
  const rules = getOption(field, fieldRules) as Parameters<typeof toJson>[1];
  const json: JsonValue =
    fieldRules.message === undefined ? {} : toJson(fieldRules.message, rules, { registry: contractRegistry });
  return JSON.stringify(json);
}

describe("the contract", () => {
  test("the services have the calls that are promised", () => {
    const byService = Map.groupBy(contractMethods, ({ parent }) => parent.name);
    expect(Object.fromEntries([...byService].map(([name, all]) => [name, all.length]))).toEqual({
      AdminService: 9,
      CardService: 4,
      EventService: 2,
      MessageService: 15,
      PresenceService: 1,
      ReadService: 4,
      RoomService: 20,
    });
  });

  test.each(contractMethods.map((method) => [nameOf(method), method] as const))(
    "%s either changes nothing and says so, or takes an idempotency key",
    (_name, method) => {
      const key = method.input.fields.find(({ name }) => name === "idempotency_key");
      expect(isRead(method)).toBe(/^(Get|BatchGet|List|Watch|Export|Verify|Where)/.test(method.name));
      expect(key !== undefined).toBe(!isRead(method));
      if (key !== undefined) expect(rulesOf(key)).toContain('"maxBytes":"128"');
    },
  );

  test("every field of every request has a rule, or stands on the list of those that need none", () => {
    const unchecked = fields.filter((field) => !isChecked(field)).map(fullName);
    expect(unchecked.toSorted()).toEqual(Object.keys(freeFields).toSorted());
  });

  test("whatever can grow in a request has an upper bound", () => {
    for (const field of fields) {
      const rules = hasOption(field, fieldRules) ? rulesOf(field) : "{}";
      const where = `${fullName(field)}: ${rules}`;
      if (field.fieldKind === "list") expect(where).toContain('"maxItems"');
      if (field.fieldKind === "map") expect(where).toContain('"maxPairs"');
      const element = field.fieldKind === "scalar" || field.fieldKind === "list" || field.fieldKind === "map";
      const isText = element && "scalar" in field && (field.scalar === 9 || field.scalar === 12);
      if (isText) expect(where).toMatch(/"max(Bytes|Len)"/);
    }
  });

  test("no field of any request takes a user whose id begins with what the server keeps for itself", () => {
    const userIds = fields.filter(({ name }) => /(^|_)user_ids?$/.test(name));
    expect(userIds.length).toBeGreaterThan(10);
    for (const field of userIds) expect(rulesOf(field)).toContain('"pattern":"^([^#');
  });

  test("every list takes pages of up to 200 and says where the next one begins", () => {
    const paged = contractMethods.filter(({ input }) => input.fields.some(({ name }) => name === "page_token"));
    expect(paged).toHaveLength(8);
    for (const { input, output } of paged) {
      const size = input.fields.find(({ name }) => name === "page_size");
      expect(size && rulesOf(size)).toBe('{"int32":{"lte":200,"gte":0}}');
      expect(output.fields.map(({ name }) => name)).toContain("next_page_token");
    }
  });
});
