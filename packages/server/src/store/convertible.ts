import type { DescField } from "@bufbuild/protobuf";

/** Types that generated code holds in another shape than a message with fields. No contract of Maru uses them. */
const WITHOUT_FIELDS = /^google\.protobuf\.(Any|Struct|Value|ListValue|FieldMask|\w+Value)$/;

export function requireConvertible(field: DescField): void {
  const typeName = field.message?.typeName ?? "";
  if (WITHOUT_FIELDS.test(typeName)) throw new TypeError(`${field.toString()}: ${typeName} has no form in the table`);
}
