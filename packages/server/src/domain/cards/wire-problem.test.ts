import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../../test/cards/compile.ts";
import { typeDescriptors } from "./type-descriptors.ts";
import { wireProblem } from "./wire-problem.ts";

const all = `
  int32 a = 1; string b = 2; bytes c = 3; double d = 4; fixed32 e = 5; bool f = 6; sint64 g = 7;
  repeated int32 h = 8; repeated string i = 9; map<string, Card> j = 10; Card k = 11; repeated Card l = 12;
  oneof o { string m = 13; Card n = 14; } Kind q = 15; repeated fixed64 r = 16; map<int32, bytes> s = 17;
`;
const sources = {
  "all.proto": `syntax = "proto3"; package p; message Card { ${all} } enum Kind { KIND_UNSPECIFIED = 0; }`,
  "old.proto": `syntax = "proto2"; package q;
    message Card { required int32 a = 1; optional string b = 2; optional group C = 3 { optional Card d = 1; } optional Card e = 4; }`,
};
const descriptors = typeDescriptors(compile(sources), ["p.Card", "q.Card"]);

function message(type: string): DescMessage {
  const found = descriptors.get(type)?.message;
  if (found === undefined) throw new Error(`${type} is not there`);
  return found;
}

const [card, oldCard] = [message("p.Card"), message("q.Card")];
const bytes = (...parts: readonly (number | string)[]) =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : [part])));

const full = toBinary(
  card,
  create(card, {
    ...{ a: -1, b: "안녕", c: bytes(255), d: 0.5, e: 7, f: true, g: -5n, h: [1, -2], i: ["x", ""], q: 3, r: [1n, 2n] },
    ...{
      j: { one: { a: 1 } },
      k: { k: {} },
      l: [{}, { b: "y" }],
      o: { case: "n", value: { a: 2 } },
      s: { 5: bytes(1) },
    },
  } as MessageInitShape<DescMessage>),
);

test.each([
  ["nothing", bytes()],
  ["all kinds of fields", full],
  [
    "fields that the type does not name",
    bytes(0x98, 0x06, 1, 0xa2, 0x06, 2, 0xff, 0xff, 0xa3, 0x06, 0x08, 1, 0xa4, 0x06),
  ],
  ["a packed list that was written field by field", bytes(0x40, 1, 0x40, 2)],
  ["a number of an enum that it does not name", bytes(0x78, 99)],
  ["a number of ten bytes", bytes(0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)],
])("%s are a message", (_name, value) => {
  expect(wireProblem(card, value)).toBeUndefined();
  fromBinary(card, value);
});

test.each([
  ["a field cut off", bytes(0x12, 5, "abc"), "premature EOF"],
  ["a tag cut off", bytes(0x80), "premature EOF"],
  ["the field 0", bytes(0x00, 1), "illegal tag"],
  ["a wire type that there is not", bytes(0x0f, 1), "illegal tag"],
  ["text that is no UTF-8", bytes(0x12, 2, 0xc3, 0x28), "p.Card.b is no UTF-8 text"],
  ["a key that is no UTF-8", bytes(0x52, 3, 0x0a, 1, 0xff), "p.Card.j is no UTF-8 text"],
  ["a text where a number belongs", bytes(0x0a, 1, "7"), "p.Card.a has the form of another type: wire type 2, not 0"],
  ["a number where a text belongs", bytes(0x10, 7), "p.Card.b has the form of another type: wire type 0, not 2"],
  ["a number where a map belongs", bytes(0x50, 7), "p.Card.j has the form of another type: wire type 0, not 2"],
  ["a double where a fixed32 belongs", bytes(0x29, 1, 2, 3, 4, 5, 6, 7, 8), "p.Card.e has the form of another type"],
  ["a message whose text reaches beyond its end", bytes(0x5a, 2, 0x12, 3, "abc"), "premature EOF"],
  ["a packed list that ends within a number", bytes(0x42, 1, 0x80, 0x08, 1), "premature EOF"],
  ["what is wrong deep inside", bytes(0x5a, 4, 0x5a, 2, 0x10, 1), "p.Card.b has the form of another type"],
  ["a group that never ends", bytes(0xa3, 0x06, 0x08, 1), "premature EOF"],
  ["the end of a group that never began", bytes(0xa4, 0x06), "cant skip wire type 4"],
])("%s is no message", (_name, value, problem) => {
  expect(wireProblem(card, value)).toContain(problem);
});

test("what is required must be there, also within a group, and a group must end as it began", () => {
  expect(wireProblem(oldCard, bytes(0x08, 1))).toBeUndefined();
  expect(wireProblem(oldCard, bytes(0x12, 1, "x"))).toBe("the required field q.Card.a is missing");
  expect(wireProblem(oldCard, bytes(0x08, 1, 0x22, 0))).toBe("the required field q.Card.a is missing");
  const inGroup = (...inner: readonly number[]) => bytes(0x08, 1, 0x1b, 0x0a, inner.length, ...inner, 0x1c);
  expect(wireProblem(oldCard, inGroup(0x08, 2))).toBeUndefined();
  expect(wireProblem(oldCard, inGroup())).toBe("the required field q.Card.a is missing");
  expect(wireProblem(oldCard, bytes(0x08, 1, 0x1b, 0x24))).toContain("ends with the number of another");
  expect(wireProblem(oldCard, bytes(0x08, 1, 0x1b))).toContain("premature EOF");
  // proto2 checks no UTF-8.
  expect(wireProblem(oldCard, bytes(0x08, 1, 0x12, 1, 0xff))).toBeUndefined();
});

test("messages lie at most a hundred deep", () => {
  const nested = (depth: number): Uint8Array => {
    let value = bytes();
    for (let n = 1; n < depth; n++) value = bytes(0x5a, ...lengthOf(value.length), ...value);
    return value;
  };
  expect(wireProblem(card, nested(100))).toBeUndefined();
  expect(wireProblem(card, nested(101))).toBe("p.Card lies deeper than 100 messages");
  expect(wireProblem(card, nested(300))).toBe("p.Card lies deeper than 100 messages");
});

function lengthOf(length: number): number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...lengthOf(length >>> 7)];
}

test("whatever is good can be read, and keeps all its bytes that count", () => {
  const noise = fc.uint8Array({ maxLength: 40 });
  const damaged = fc
    .tuple(fc.nat(full.length - 1), fc.nat(255))
    .map(([at, byte]) => full.map((old, index) => (index === at ? byte : old)));
  fc.assert(
    fc.property(fc.oneof(noise, damaged), (value) => {
      if (wireProblem(card, value) === undefined) fromBinary(card, value);
    }),
    { numRuns: 3_000 },
  );
});
