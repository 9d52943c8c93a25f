import { expect, test } from "vitest";
import { bufBreaking, compile, type Sources } from "../../../test/cards/compile.ts";
import { breakingChanges } from "./breaking-changes.ts";
import { typeDescriptors } from "./type-descriptors.ts";

/** Bodies of a message Card before and after; `top` stands beside it. */
interface Change {
  readonly before: string;
  readonly after: string;
  readonly syntax?: readonly [before: string, after: string];
}

const field = (before: string, after: string): Change => ({ before, after });
const same = (text: string): Change => ({ before: text, after: text });
const proto2 = (before: string, after: string): Change => ({ before, after, syntax: [p2, p2] });
const [p2, p3, e23] = ['syntax = "proto2";', 'syntax = "proto3";', 'edition = "2023";'];
const kind = (values: string) => `enum Kind { KIND_UNSPECIFIED = 0; ${values} } Kind kind = 1;`;
const line = (body: string) => `message Line { ${body} } repeated Line lines = 1;`;

const changes: Readonly<Record<string, Change>> = {
  nothing: same("string a = 1;"),
  "a new field": field("string a = 1;", "string a = 1; string b = 2;"),
  "a new field in a nested message": field(line("string a = 1;"), line("string a = 1; int32 b = 2;")),
  "a deleted field": field("string a = 1; string b = 2;", "string a = 1;"),
  "a deleted field, its number reserved": field("string a = 1; string b = 2;", "string a = 1; reserved 2;"),
  "a deleted field, its name reserved": field("string a = 1; string b = 2;", 'string a = 1; reserved "b";'),
  "a deleted field, both reserved": field("string a = 1; string b = 2;", 'string a = 1; reserved 2; reserved "b";'),
  "a deleted field in a nested message": field(line("string a = 1; int32 b = 2;"), line("string a = 1;")),
  "a deleted field in the value of a map": field(
    "message V { string a = 1; string b = 2; } map<string, V> m = 1;",
    "message V { string a = 1; } map<string, V> m = 1;",
  ),
  "a renamed field": field("string a = 1;", "string b = 1;"),
  "a renamed field with its JSON name kept": field("string a = 1;", 'string b = 1 [json_name = "a"];'),
  "another JSON name": field("string a = 1;", 'string a = 1 [json_name = "z"];'),
  "a number that moves": field("string a = 1;", "string a = 2;"),
  "int32 to uint32": field("int32 a = 1;", "uint32 a = 1;"),
  "uint32 to int32": field("uint32 a = 1;", "int32 a = 1;"),
  "int64 to uint64": field("int64 a = 1;", "uint64 a = 1;"),
  "int32 to int64": field("int32 a = 1;", "int64 a = 1;"),
  "int32 to sint32": field("int32 a = 1;", "sint32 a = 1;"),
  "int32 to bool": field("int32 a = 1;", "bool a = 1;"),
  "fixed32 to sfixed32": field("fixed32 a = 1;", "sfixed32 a = 1;"),
  "fixed64 to sfixed64": field("fixed64 a = 1;", "sfixed64 a = 1;"),
  "fixed32 to fixed64": field("fixed32 a = 1;", "fixed64 a = 1;"),
  "sint32 to sint64": field("sint32 a = 1;", "sint64 a = 1;"),
  "float to double": field("float a = 1;", "double a = 1;"),
  "string to bytes": field("string a = 1;", "bytes a = 1;"),
  "bytes to string": field("bytes a = 1;", "string a = 1;"),
  "a list's int32 to uint32": field("repeated int32 a = 1;", "repeated uint32 a = 1;"),
  "a list's int32 to string": field("repeated int32 a = 1;", "repeated string a = 1;"),
  "a map's value int32 to uint32": field("map<string, int32> a = 1;", "map<string, uint32> a = 1;"),
  "a map's value int32 to string": field("map<string, int32> a = 1;", "map<string, string> a = 1;"),
  "a map's key int32 to uint32": field("map<int32, string> a = 1;", "map<uint32, string> a = 1;"),
  "a map's key int32 to string": field("map<int32, string> a = 1;", "map<string, string> a = 1;"),
  "singular to repeated": field("int32 a = 1;", "repeated int32 a = 1;"),
  "repeated to singular": field("repeated string a = 1;", "string a = 1;"),
  "a map to a list": field(
    "map<string, string> a = 1;",
    "message E { string key = 1; string value = 2; } repeated E a = 1;",
  ),
  "implicit to explicit presence": field("int32 a = 1;", "optional int32 a = 1;"),
  "explicit to implicit presence": field("optional int32 a = 1;", "int32 a = 1;"),
  "into a oneof": field("int32 a = 1;", "oneof o { int32 a = 1; }"),
  "out of a oneof": field("oneof o { int32 a = 1; int32 b = 2; }", "oneof o { int32 a = 1; } int32 b = 2;"),
  "a renamed oneof": field("oneof o { int32 a = 1; }", "oneof p { int32 a = 1; }"),
  "a new field in a oneof": field("oneof o { int32 a = 1; }", "oneof o { int32 a = 1; int32 b = 2; }"),
  "optional into a oneof": field("optional int32 a = 1;", "oneof o { int32 a = 1; }"),
  "a message to another": field("message A {} message B {} A a = 1;", "message A {} message B {} B a = 1;"),
  "a message to bytes": field("message A {} A a = 1;", "message A {} bytes a = 1;"),
  "a new enum value": field(kind("KIND_A = 1;"), kind("KIND_A = 1; KIND_B = 2;")),
  "a deleted enum value": field(kind("KIND_A = 1; KIND_B = 2;"), kind("KIND_A = 1;")),
  "a deleted enum value, its number reserved": field(kind("KIND_A = 1;"), kind("reserved 1;")),
  "a deleted enum value, its name reserved": field(kind("KIND_A = 1;"), kind('reserved "KIND_A";')),
  "a deleted enum value, both reserved": field(kind("KIND_A = 1;"), kind('reserved 1; reserved "KIND_A";')),
  "a renamed enum value": field(kind("KIND_A = 1;"), kind("KIND_Z = 1;")),
  "a second name for an enum value": field(
    kind("KIND_A = 1;"),
    kind("option allow_alias = true; KIND_A = 1; KIND_Z = 1;"),
  ),
  "a name less for an enum value": field(
    kind("option allow_alias = true; KIND_A = 1; KIND_Z = 1;"),
    kind("KIND_A = 1;"),
  ),
  "an enum to another of the same values": field(
    "enum A { A_UNSPECIFIED = 0; } enum B { B_UNSPECIFIED = 0; } A a = 1;",
    "enum A { A_UNSPECIFIED = 0; } enum B { B_UNSPECIFIED = 0; } B a = 1;",
  ),
  "an enum to one elsewhere of the same name and more values": field(
    "message M { enum A { X = 0; } } message N { enum A { X = 0; Y = 1; } } M.A a = 1; M m = 2; N n = 3;",
    "message M { enum A { X = 0; } } message N { enum A { X = 0; Y = 1; } } N.A a = 1; M m = 2; N n = 3;",
  ),
  "an enum to one elsewhere of the same name and fewer values": field(
    "message M { enum A { X = 0; } } message N { enum A { X = 0; Y = 1; } } N.A a = 1; M m = 2; N n = 3;",
    "message M { enum A { X = 0; } } message N { enum A { X = 0; Y = 1; } } M.A a = 1; M m = 2; N n = 3;",
  ),
  "an enum to int32": field(kind("KIND_A = 1;"), "int32 kind = 1;"),
  "int32 to an enum": field("int32 kind = 1;", kind("KIND_A = 1;")),
  "a list's enum to int32": field(
    "enum A { A_UNSPECIFIED = 0; } repeated A a = 1;",
    "enum A { A_UNSPECIFIED = 0; } repeated int32 a = 1;",
  ),
  "a number no longer reserved": field("reserved 2; int32 a = 1;", "int32 a = 1;"),
  "a name no longer reserved": field('reserved "b"; int32 a = 1;', "int32 a = 1;"),
  "a reserved range that shrinks": field("reserved 2 to 9; int32 a = 1;", "reserved 2 to 8; int32 a = 1;"),
  "a reserved range that grows": field("reserved 2 to 9; int32 a = 1;", "reserved 2 to 10; int32 a = 1;"),
  "a reserved range in two parts": field("reserved 2 to 9; int32 a = 1;", "reserved 2 to 4, 5 to 9; int32 a = 1;"),
  "a reserved range to the end": field("reserved 2 to max; int32 a = 1;", "reserved 2 to max; int32 a = 1;"),
  "a reserved number that is used": field("reserved 2; int32 a = 1;", "int32 a = 1; int32 b = 2;"),
  "a reserved enum range that shrinks": field(kind("reserved 2 to 9;"), kind("reserved 2 to 8;")),
  "a reserved enum range that stays": same(kind("reserved -9 to -2, 2 to max;")),
  "a reserved enum name that goes": field(kind('reserved "KIND_B";'), kind("KIND_A = 1;")),
  "another default": proto2("optional int32 a = 1 [default = 1];", "optional int32 a = 1 [default = 2];"),
  "the same default": proto2("optional int32 a = 1 [default = 1];", "optional int32 a = 1 [default = 1];"),
  "a new default": proto2("optional int32 a = 1;", "optional int32 a = 1 [default = 1];"),
  "a default of nothing": proto2("optional int32 a = 1;", "optional int32 a = 1 [default = 0];"),
  "a default in another spelling": proto2(
    "optional double a = 1 [default = 1];",
    "optional double a = 1 [default = 1.0];",
  ),
  "a default of an enum": proto2(
    "enum K { A = 0; B = 1; } optional K a = 1;",
    "enum K { A = 0; B = 1; } optional K a = 1 [default = A];",
  ),
  "optional to required": proto2("optional int32 a = 1;", "required int32 a = 1;"),
  "required to optional": proto2("required int32 a = 1;", "optional int32 a = 1;"),
  "a new required field": proto2("optional int32 a = 1;", "optional int32 a = 1; required int32 b = 2;"),
  "the same required field": proto2("required int32 a = 1;", "required int32 a = 1;"),
  "a group to a message": proto2("optional group A = 1 {}", "message A {} optional A a = 1;"),
  "proto3 to proto2": { before: "repeated int32 a = 1;", after: "repeated int32 a = 1;", syntax: [p3, p2] },
  "proto2 to proto3": { before: "repeated int32 a = 1;", after: "repeated int32 a = 1;", syntax: [p2, p3] },
  "proto3 to an edition": { before: "repeated int32 a = 1;", after: "repeated int32 a = 1;", syntax: [p3, e23] },
  "an edition without a certain JSON form": {
    before: "repeated int32 a = 1;",
    after: "option features.json_format = LEGACY_BEST_EFFORT; repeated int32 a = 1;",
    syntax: [e23, e23],
  },
  "an enum without a certain JSON form": {
    before: "enum K { A = 0; } repeated K a = 1;",
    after: "enum K { option features.json_format = LEGACY_BEST_EFFORT; A = 0; } repeated K a = 1;",
    syntax: [e23, e23],
  },
  "packed to unpacked": field("repeated int32 a = 1;", "repeated int32 a = 1 [packed = false];"),
  "two things at once": field("string a = 1; int32 b = 2;", "int64 a = 1;"),
};

const names = Object.keys(changes);

function sources(side: "before" | "after"): Sources {
  const files = Object.values(changes).map((change, n) => {
    const syntax = change.syntax?.[side === "before" ? 0 : 1] ?? p3;
    return [`c${n}.proto`, `${syntax}\npackage c${n};\nmessage Card { ${change[side]} }\n`];
  });
  return Object.fromEntries(files);
}

const [before, after] = [sources("before"), sources("after")];
const types = names.map((_, n) => `c${n}.Card`);
const [old, now] = [typeDescriptors(compile(before), types), typeDescriptors(compile(after), types)];
const byBuf = Map.groupBy(bufBreaking(before, after), ({ path }) => Number(/c(\d+)\.proto$/.exec(path)?.[1]));

function rulesOf(n: number): string[] {
  const [one, two] = [old.get(`c${n}.Card`), now.get(`c${n}.Card`)];
  if (one === undefined || two === undefined) throw new Error("both sides hold all types");
  return [...new Set(breakingChanges(one.message, two.message).map(({ rule }) => rule))].toSorted();
}

test.each(names.map((name, n) => [name, n] as const))("%s: refused by the same rules as buf's", (_name, n) => {
  expect(rulesOf(n)).toEqual([...new Set(byBuf.get(n)?.map(({ type }) => type))].toSorted());
});

test("every rule of buf's category that is about messages was broken at least once", () => {
  expect([...new Set(names.flatMap((_, n) => rulesOf(n)))].toSorted()).toEqual([
    "ENUM_SAME_JSON_FORMAT",
    "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
    "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
    "ENUM_VALUE_SAME_NAME",
    "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
    "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
    "FIELD_SAME_DEFAULT",
    "FIELD_SAME_JSON_NAME",
    "FIELD_SAME_NAME",
    "FIELD_SAME_ONEOF",
    "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
    "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    "MESSAGE_SAME_JSON_FORMAT",
    "MESSAGE_SAME_REQUIRED_FIELDS",
    "RESERVED_ENUM_NO_DELETE",
    "RESERVED_MESSAGE_NO_DELETE",
  ]);
});
