import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "@maru/protocol";
import { expect, test } from "vitest";
import { compile } from "../../../test/cards/compile.ts";
import { MaruError } from "../../errors.ts";
import { openDescriptors, typeDescriptors } from "./type-descriptors.ts";

const sources = {
  "acme/money.proto": 'syntax = "proto3"; package acme; message Money { int64 minor = 1; }',
  "acme/pay.proto": `syntax = "proto3"; package acme; import "acme/money.proto";
    // Comments are left out.
    message Pay { Money money = 1; map<string, Money> parts = 2; message Part { Pay whole = 1; } }`,
  "acme/other.proto":
    'syntax = "proto3"; package acme; message Other { string text = 1; } enum Kind { KIND_NONE = 0; }',
};
const built = compile(sources);
const set = fromBinary(FileDescriptorSetSchema, built);

const bytesOf = (file: FileDescriptorSet["file"]) =>
  toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
const namesOf = (bytes: Uint8Array) => fromBinary(FileDescriptorSetSchema, bytes).file.map(({ name }) => name);

function refusal(bytes: Uint8Array, ...types: readonly string[]): { type: string | undefined; message: string } {
  try {
    typeDescriptors(bytes, types);
  } catch (error) {
    if (!(error instanceof MaruError) || error.reason !== ErrorReason.CARD_TYPES_INVALID) throw error;
    return { type: error.metadata.card_type, message: error.message };
  }
  throw new Error("it was to be refused");
}

test("of each type the files are kept that it needs, imports first, without comments", () => {
  const found = typeDescriptors(built, ["acme.Pay", "acme.Pay.Part", "acme.Other"]);
  const [pay, part, other] = ["acme.Pay", "acme.Pay.Part", "acme.Other"].map((type) => found.get(type));
  expect(namesOf(pay?.descriptorSet ?? new Uint8Array())).toEqual(["acme/money.proto", "acme/pay.proto"]);
  expect(namesOf(other?.descriptorSet ?? new Uint8Array())).toEqual(["acme/other.proto"]);
  expect(part?.hash).toBe(pay?.hash);
  expect(other?.hash).not.toBe(pay?.hash);
  expect(
    fromBinary(FileDescriptorSetSchema, pay?.descriptorSet ?? new Uint8Array()).file[1]?.sourceCodeInfo,
  ).toBeUndefined();
  expect(openDescriptors(pay?.descriptorSet ?? new Uint8Array()).getMessage("acme.Pay.Part")?.fields[0]?.name).toBe(
    "whole",
  );
});

test("the order of the files and their comments make no difference", () => {
  const [one] = typeDescriptors(built, ["acme.Pay"]).values();
  const [two] = typeDescriptors(bytesOf(set.file.toReversed()), ["acme.Pay"]).values();
  const bare = compile(sources, "--exclude-source-info");
  const [three] = typeDescriptors(bare, ["acme.Pay"]).values();
  expect([two?.hash, three?.hash]).toEqual([one?.hash, one?.hash]);
});

test("what is no descriptor set, lacks an import or does not hold the type is refused", () => {
  expect(refusal(new Uint8Array([1, 2, 3]), "acme.Pay").message).toContain("no google.protobuf.FileDescriptorSet");
  expect(refusal(bytesOf([]), "acme.Pay")).toEqual({
    type: "acme.Pay",
    message: "acme.Pay: the descriptor set does not hold this message",
  });
  for (const type of ["acme.Kind", "acme", "acme.Pay.PartsEntry", "Pay"]) {
    expect(refusal(built, type).message).toContain("does not hold this message");
  }
  const lacking = bytesOf(set.file.filter(({ name }) => name !== "acme/money.proto"));
  expect(refusal(lacking, "acme.Pay").message).toBe("acme.Pay: the descriptor set lacks the import acme/money.proto");
  expect(typeDescriptors(lacking, ["acme.Other"]).size).toBe(1);
  expect(refusal(bytesOf([...set.file, ...set.file]), "acme.Pay").message).toContain("twice");
});

test("descriptors that do not fit together are refused", () => {
  const changed = (change: (file: FileDescriptorSet["file"][number]) => void) => {
    const copy = fromBinary(FileDescriptorSetSchema, built);
    for (const file of copy.file) change(file);
    return bytesOf(copy.file);
  };
  const circular = changed((file) => {
    if (file.name === "acme/money.proto") file.dependency.push("acme/pay.proto");
  });
  expect(refusal(circular, "acme.Pay").message).toContain("imports itself");
  const dangling = changed((file) => {
    for (const field of file.messageType.flatMap(({ field }) => field)) {
      if (field.typeName === ".acme.Money") field.typeName = ".acme.Coin";
    }
  });
  expect(refusal(dangling, "acme.Pay").message).toContain("do not fit together");
  const empty = changed((file) => {
    for (const { value } of file.enumType) value.length = 0;
    for (const { field } of file.messageType) {
      for (const one of field) if (one.name === "text") Object.assign(one, { type: 14, typeName: ".acme.Kind" });
    }
  });
  expect(refusal(empty, "acme.Other").message).toContain("cannot be used");
});

test("descriptors that are too large to be kept are refused, and many small types beside them are not", () => {
  const name = "a_name_of_a_field_that_takes_many_bytes".repeat(100);
  const field = Array.from({ length: 100 }, (_, n) => ({ name: `${name}_${n}`, number: n + 1, type: 9, label: 1 }));
  const file = { name: "large.proto", package: "acme", syntax: "proto3", messageType: [{ name: "Large", field }] };
  const large = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...set.file, file] }));
  expect(refusal(large, "acme.Pay", "acme.Large").message).toContain("at most 358400 are kept");
  expect(typeDescriptors(large, ["acme.Pay", "acme.Other"]).size).toBe(2);
});
