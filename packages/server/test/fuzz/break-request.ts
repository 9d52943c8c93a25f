import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import type { Dice } from "../model/dice.ts";
import { rulesOf } from "./field-rules.ts";

/** Gives one field, wherever it stands, a value that nobody expects there. The request itself is changed. */
export function breakRequest(dice: Dice, desc: DescMessage, message: Message): void {
  const field = dice.pick(desc.fields);
  const inner = desc.fields.length === 0 ? undefined : innerOf(field, message);
  if (inner !== undefined && dice.chance(0.6) && inner.desc.fields.length > 0) {
    breakRequest(dice, inner.desc, inner.message);
  } else {
    spoil(dice, field, message);
  }
}

function innerOf(field: DescField, message: Message): { desc: DescMessage; message: Message } | undefined {
  if (field.message === undefined || field.fieldKind === "map") return undefined;
  const holder = Reflect.get(message, field.oneof?.localName ?? field.localName);
  const value = field.oneof === undefined ? holder : holder?.case === field.localName ? holder.value : undefined;
  const one = Array.isArray(value) ? value[0] : value;
  return one === undefined ? undefined : { desc: field.message, message: one as Message };
}

function spoil(dice: Dice, field: DescField, message: Message): void {
  if (field.oneof !== undefined) {
    const value = dice.chance(0.3) ? { case: undefined } : { case: field.localName, value: oddValue(dice, field) };
    Reflect.set(message, field.oneof.localName, value);
  } else if (dice.chance(0.2) && field.fieldKind === "message") {
    Reflect.set(message, field.localName, undefined);
  } else {
    Reflect.set(message, field.localName, oddValue(dice, field));
  }
}

function oddValue(dice: Dice, field: DescField): unknown {
  const rules = rulesOf(field);
  switch (field.fieldKind) {
    case "message":
      return create(field.message);
    case "enum":
      return dice.pick([0, 7, 2 ** 31 - 1, -1]);
    case "scalar":
      return oddScalar(dice, field.scalar, Number(rules.maxBytes ?? rules.maxLen ?? 100));
    case "map": {
      const count = dice.pick([0, 1, Number(rules.maxPairs ?? 10) + 1]);
      const key = dice.pick(["", "k", "__proto__", "constructor", "k".repeat(70), "\u0001"]);
      return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${key}${n || ""}`, "v".repeat(n)]));
    }
    case "list": {
      const count = dice.pick([0, 1, 2, Number(rules.maxItems ?? 10) + 1]);
      return Array.from({ length: count }, () =>
        field.message !== undefined
          ? create(field.message)
          : field.scalar === undefined
            ? 99
            : oddScalar(dice, field.scalar, Number(rules.items.maxBytes ?? 100)),
      );
    }
  }
}

const oddTexts = [
  "",
  " ",
  ".",
  "..",
  "\u0000",
  "\u007f",
  "a\nb",
  "é",
  "👩‍👩‍👧",
  "%00",
  "__proto__",
  "constructor",
  "#",
  "-1",
  "NaN",
];

function oddScalar(dice: Dice, scalar: ScalarType, maxBytes: number): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return dice.chance(0.25) ? dice.pick(["x", "é", "."]).repeat(maxBytes + 1) : dice.pick(oddTexts);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: dice.pick([0, 1, 20, 300]) }, () => dice.int(0, 255));
    case ScalarType.BOOL:
      return dice.chance(0.5);
    case ScalarType.DOUBLE:
      return dice.pick([Number.NaN, Number.POSITIVE_INFINITY, -91, 1e300, -0]);
    case ScalarType.INT32:
      return dice.pick([-1, 201, 2 ** 31 - 1, -(2 ** 31)]);
    case ScalarType.INT64:
      return dice.pick([0n, -1n, 2n ** 63n - 1n, 253_402_300_800n, -62_135_596_801n]);
    case ScalarType.UINT64:
      return dice.pick([0n, 2n ** 64n - 1n]);
    default:
      return dice.pick([0, 1, 999, 2 ** 31, 2 ** 32 - 1]);
  }
}

/** Bytes, or the text of JSON, that were a message. */
export function breakBytes(dice: Dice, bytes: Uint8Array): Uint8Array {
  const broken = Buffer.from(bytes);
  const at = dice.int(0, Math.max(0, broken.length - 1));
  switch (dice.weighted({ flip: 4, cut: 2, insert: 2, unknown: 2 })) {
    case "flip":
      if (broken.length > 0) broken[at] = dice.int(0, 255);
      return broken;
    case "cut":
      return broken.subarray(0, at);
    case "insert":
      return Buffer.concat([broken.subarray(0, at), Buffer.of(dice.int(0, 255)), broken.subarray(at)]);
    case "unknown":
      // Field 1023, two bytes.
      return Buffer.concat([broken, Buffer.of(0xfa, 0x3f, 2, 104, 105)]);
  }
}
