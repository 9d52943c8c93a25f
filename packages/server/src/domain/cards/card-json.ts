import { fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { RegisteredType } from "./card-types.ts";

/** Empty where the card has no JSON form: it holds an Any of a type that its descriptors lack, or a time out of range. */
export function cardJson({ message, registry }: RegisteredType, value: Uint8Array): string {
  try {
    return toJsonString(message, fromBinary(message, value, { readUnknownFields: false }), { registry });
  } catch (error) {
    if (error instanceof Error) return "";
    throw error;
  }
}
