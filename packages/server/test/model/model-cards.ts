import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type Card, CardSchema } from "@maru/protocol";
import { type CardTypes, createCardTypes, defaultCardTypesLimits } from "../../src/domain/cards/card-types.ts";
import { typeDescriptors } from "../../src/domain/cards/type-descriptors.ts";
import { createMemoryCardTypes } from "../../src/store/memory-card-types.ts";

/** That of the service which calls in every run, and that of another one. */
export const ownType = "acme.Pay";
export const othersType = "acme.Trip";

/** Cards hold one text, which starts with this word. */
const mark = "card ";

export function isCardText(text: string | undefined): boolean {
  return text?.startsWith(mark) ?? false;
}

export function toCard(text: string, type = ownType): Card {
  const said = new TextEncoder().encode(text);
  return create(CardSchema, { type, value: new Uint8Array([(1 << 3) | 2, said.length, ...said]) });
}

export function cardText(card: Card | undefined): string | undefined {
  return card && new TextDecoder().decode(card.value.subarray(2));
}

/** The types as every server knows them. */
export async function createModelCards(): Promise<CardTypes> {
  const store = createMemoryCardTypes();
  const owners: Readonly<Record<string, string>> = { [ownType]: "tests", [othersType]: "others" };
  for (const [type, found] of typeDescriptors(descriptors(), Object.keys(owners))) {
    await store.putDescriptors(found.hash, found.descriptorSet);
    const record = { type, revision: 1, registeredAtMs: 0, descriptorHash: found.hash };
    await store.putTypes([{ ...record, owner: owners[type] ?? "" }]);
  }
  return createCardTypes({ store, clock: { nowMs: () => 0 }, limits: defaultCardTypesLimits });
}

function descriptors(): Uint8Array {
  const file = create(FileDescriptorProtoSchema, {
    name: "acme.proto",
    package: "acme",
    syntax: "proto3",
    messageType: [ownType, othersType].map((type) => ({
      name: type.slice("acme.".length),
      field: [
        {
          name: "text",
          jsonName: "text",
          number: 1,
          label: FieldDescriptorProto_Label.OPTIONAL,
          type: FieldDescriptorProto_Type.STRING,
        },
      ],
    })),
  });
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [file] }));
}
