import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type WireField, type WireValue, wireShape } from "./wire-shape.ts";

/** As deep as the official implementations go. */
const maxDepth = 100;

/**
 * Why the bytes are not a message of this type; undefined when they are. Stricter than reading them: a field in the form
 * of another type counts as wrong, which readers would pass over in silence, and so does a part that reaches beyond what
 * it lies in. Fields that the type does not name are good.
 */
export function wireProblem(message: DescMessage, bytes: Uint8Array): string | undefined {
  try {
    checkMessage(message, new BinaryReader(bytes), maxDepth);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkMessage(desc: DescMessage, reader: BinaryReader, depth: number, group?: number): void {
  if (depth === 0) throw new Error(`${desc.typeName} lies deeper than ${maxDepth} messages`);
  const { fields, required } = wireShape(desc);
  const missing = new Map(required);
  while (group !== undefined || reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (group !== undefined && wireType === WireType.EndGroup) {
      if (number !== group) throw new Error(`a group of ${desc.typeName} ends with the number of another`);
      break;
    }
    missing.delete(number);
    const field = fields.get(number);
    if (field === undefined) skip(reader, wireType, number, depth - 1);
    else checkField(field, number, wireType, reader, depth);
  }
  const [name] = missing.values();
  if (name !== undefined) throw new Error(`the required field ${name} is missing`);
}

function checkField(field: WireField, number: number, wireType: WireType, reader: BinaryReader, depth: number): void {
  const isPacked = field.isList && field.wireType !== wireType && wireType === WireType.LengthDelimited;
  if (isPacked && field.message === undefined) {
    const packed = part(reader);
    while (packed.pos < packed.len) checkValue(field, number, field.wireType, packed, depth);
  } else if (field.map === undefined || wireType !== field.wireType) {
    checkValue(field, number, wireType, reader, depth);
  } else {
    checkMapEntry(field.map, part(reader), depth - 1);
  }
}

function checkMapEntry(map: NonNullable<WireField["map"]>, reader: BinaryReader, depth: number): void {
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const value = number === 1 ? map.key : number === 2 ? map.value : undefined;
    if (value === undefined) skip(reader, wireType, number, depth);
    else checkValue(value, number, wireType, reader, depth);
  }
}

function checkValue(value: WireValue, number: number, wireType: WireType, reader: BinaryReader, depth: number): void {
  if (wireType !== value.wireType) {
    throw new Error(`${value.name} has the form of another type: wire type ${wireType}, not ${value.wireType}`);
  }
  if (value.message === undefined) {
    if (value.isText) requireText(value, reader);
    else skip(reader, wireType, number, depth);
  } else if (wireType === WireType.StartGroup) {
    checkMessage(value.message, reader, depth - 1, number);
  } else {
    checkMessage(value.message, part(reader), depth - 1);
  }
}

function requireText({ name }: WireValue, reader: BinaryReader): void {
  const bytes = reader.bytes();
  try {
    utf8.decode(bytes);
  } catch (cause) {
    throw new Error(`${name} is no UTF-8 text`, { cause });
  }
}

function skip(reader: BinaryReader, wireType: WireType, number: number, depth: number): void {
  // Unlike skipping it, reading a number refuses one that has no end.
  if (wireType === WireType.Varint) reader.uint32();
  else reader.skip(wireType, number, depth);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The next length-delimited part by itself, so that nothing in it reaches beyond its end. */
function part(reader: BinaryReader): BinaryReader {
  return new BinaryReader(reader.bytes());
}
