import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";
import { type AnyAttribute, anyItem, toLambda, toPlain } from "./any-item.ts";
import { type Flattening, flatten } from "./flatten.ts";
import { UnreadableRecordError } from "./unreadable.ts";

const pseudonyms = createPseudonyms("k".repeat(32));
const inFull: Flattening = { personalData: parsePersonalData("user_ids: full"), pseudonyms, cards: new Map() };

function recordOf(image: Record<string, unknown>, eventName = "INSERT"): LambdaStreamRecord {
  return {
    eventName,
    dynamodb: { ApproximateCreationDateTime: 1_764_000_000.5, SequenceNumber: "100", NewImage: image },
  };
}

const rowOf = (image: Record<string, unknown>, flattening = inFull): Record<string, unknown> =>
  JSON.parse(flatten(flattening, recordOf(image)));

const entry = { room_id: { S: "r1" }, sk: { S: "log#0000000042" }, seq: { N: "42" } };

test("an item becomes one line of plain JSON that also says what happened, when, and in which order", () => {
  const line = flatten(inFull, recordOf({ ...entry, body: { M: { text: { S: "a\nb" } } } }, "MODIFY"));
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toEqual({
    item_kind: "entry",
    operation: "MODIFY",
    committed_at: "2025-11-24T16:00:00.500Z",
    sequence_number: "100",
    room_id: "r1",
    sk: "log#0000000042",
    seq: 42,
    body: { text: "a\nb" },
  });
});

test("numbers keep every digit, and sets are sorted by what they hold", () => {
  const big = "12345678901234567890123456789012345678";
  const line = flatten(
    inFull,
    recordOf({
      ...entry,
      big: { N: big },
      small: { N: "-1.5E-130" },
      numbers: { NS: ["10", "9", "-1E+2", "0.5", "9.00000000000000000000000000000000001"] },
      texts: { SS: ["b", "a"] },
      bytes: { BS: ["/w==", "AA==", "Pg=="] },
    }),
  );
  expect(line).toContain(`"big":${big},"small":-1.5E-130,`);
  expect(line).toContain(`"numbers":[-1E+2,0.5,9,9.00000000000000000000000000000000001,10],"texts":["a","b"]`);
  expect(line).toContain(`"bytes":["AA==","Pg==","/w=="]`);
});

test("a removed item leaves its key, and nothing of what it said", () => {
  const { room_id, sk } = entry;
  const line = flatten(inFull, {
    eventName: "REMOVE",
    dynamodb: {
      ApproximateCreationDateTime: 1,
      SequenceNumber: "7",
      Keys: { room_id, sk },
      OldImage: { ...entry, body: { S: "secret" } },
    },
  });
  expect(JSON.parse(line)).toEqual({
    ...{ item_kind: "entry", operation: "REMOVE", committed_at: "1970-01-01T00:00:01.000Z", sequence_number: "7" },
    ...{ room_id: "r1", sk: "log#0000000042" },
  });
});

test("an attribute with the name of a column of changes gets another name, and no two get the same", () => {
  const row = rowOf({ ...entry, operation: { S: "a" }, attribute_operation: { S: "b" } });
  expect(row).toMatchObject({ operation: "INSERT", attribute_operation: "a", attribute_attribute_operation: "b" });
});

test("any item survives unchanged, to the last digit", () => {
  fc.assert(
    fc.property(anyItem(), (item) => {
      const row = flatten(inFull, recordOf({ ...entry, item: toLambda({ M: item } as AnyAttribute) as object }));
      expect(row).toContain(`"item":${toPlain({ M: item } as AnyAttribute)}`);
      expect(row.indexOf("\n")).toBe(row.length - 1);
      JSON.parse(row);
    }),
    { numRuns: 500 },
  );
});

test("what is no item of DynamoDB is refused with the place of what is wrong", () => {
  const wrong = (attribute: unknown) => () =>
    flatten(inFull, recordOf({ ...entry, body: { M: { inner: attribute } } }));
  expect(wrong({ N: "1,5" })).toThrow(new UnreadableRecordError("body.inner holds no value of type N"));
  expect(wrong({ S: "a", N: "1" })).toThrow("body.inner has two types");
  expect(wrong({ X: "a" })).toThrow("body.inner holds no value of type X");
  expect(wrong(undefined)).toThrow("body.inner has no type");
  expect(() => flatten(inFull, { eventName: "INSERT" })).toThrow("it has no sequence number");
});

test("what the column of an attribute cannot hold is refused, and does not make the rows beside it unreadable", () => {
  const line = (attributes: object) => () => flatten(inFull, recordOf({ ...entry, ...attributes }));
  for (const seq of [{ S: "1" }, { N: "1.5" }, { N: "1E+2" }, { N: "9223372036854775808" }, { M: {} }, { L: [] }])
    expect(line({ seq })).toThrow(new UnreadableRecordError("seq holds nothing that its column, a bigint, takes"));
  for (const frozen of [{ S: "true" }, { N: "1" }, { M: {} }])
    expect(line({ frozen })).toThrow("frozen holds nothing that its column, a boolean, takes");
  for (const seq of [{ N: "9223372036854775807" }, { N: "-9223372036854775808" }, { NULL: true }])
    expect(line({ seq, frozen: { NULL: true }, title: { M: {} } })).not.toThrow();
});

test("the policy says which fields come, as they are, as hashes, or not", () => {
  const personalData = parsePersonalData(`
user_ids: hashed
fields:
  content.text.text: hashed
  location: none
  content.card.json.iban: none
`);
  const image = {
    ...entry,
    actor: { M: { user_id: { S: "ada" } } },
    body: { M: { content: { M: { text: { M: { text: { S: "hi" } } } } }, location: { M: { label: { S: "home" } } } } },
    reactions_of: { L: [{ M: { user_id: { S: "grace" }, kinds: { L: [{ S: "+" }] } } }] },
    title: { S: "ada" },
  };
  const row = rowOf(image, { ...inFull, personalData });
  expect(row).toMatchObject({
    actor: { user_id: pseudonyms.ofUser("ada") },
    body: { content: { text: { text: pseudonyms.ofValue("ada", '"hi"') } } },
    reactions_of: [{ user_id: pseudonyms.ofUser("grace"), kinds: ["+"] }],
    title: "ada",
  });
  expect(row.body).not.toHaveProperty("location");
  const of = (user: string) => rowOf({ ...image, actor: { M: { user_id: { S: user } } } }, { ...inFull, personalData });
  expect(of("ada").body).toEqual(row.body);
  expect(of("grace").body).not.toEqual(row.body);
});

test("where ids of users are hashed, a member's row does not name its user either", () => {
  const personalData = parsePersonalData("user_ids: hashed");
  const member = { room_id: { S: "r1" }, sk: { S: "member#ada" }, owner: { S: "ada" }, read_seq: { N: "3" } };
  const line = flatten({ ...inFull, personalData }, recordOf(member));
  expect(line).not.toContain("ada");
  expect(JSON.parse(line)).toMatchObject({
    item_kind: "member",
    sk: `member#${pseudonyms.ofUser("ada")}`,
    owner: pseudonyms.ofUser("ada"),
    read_seq: 3,
  });
});
