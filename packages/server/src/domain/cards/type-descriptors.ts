import { hash } from "node:crypto";
import {
  create,
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { descriptorsInvalid } from "./descriptors-invalid.ts";

/** An item of the table holds 400 KB, and names and numbers beside the descriptors. */
export const maxDescriptorBytes = 350 * 1024;

/** What a type needs of a descriptor set: the files that it is made of, each behind those that it imports. */
export interface TypeDescriptors {
  readonly message: DescMessage;
  readonly descriptorSet: Uint8Array;
  readonly hash: string;
}

/** The descriptors of each of these types. Comments are left out. Refused with CARD_TYPES_INVALID. */
export function typeDescriptors(bytes: Uint8Array, types: readonly string[]): Map<string, TypeDescriptors> {
  const files = readFiles(bytes);
  const declaredIn = new Map([...files.values()].flatMap((file) => namesOf(file).map((name) => [name, file.name])));
  const wanted = new Map<string, readonly FileDescriptorProto[]>();
  for (const type of types) {
    const file = declaredIn.get(type);
    if (file === undefined) throw descriptorsInvalid(type, "the descriptor set does not hold this message");
    wanted.set(type, withImports(files, file, type));
  }
  const registry = link([...new Set([...wanted.values()].flat())]);
  const encoded = new Map<FileDescriptorProto, Uint8Array>();
  return new Map([...wanted].map(([type, needed]) => [type, toDescriptors(registry, type, needed, encoded)]));
}

/** The registry of descriptors that `typeDescriptors` made. */
export function openDescriptors(descriptorSet: Uint8Array): FileRegistry {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
}

function readFiles(bytes: Uint8Array): Map<string, FileDescriptorProto> {
  const files = new Map<string, FileDescriptorProto>();
  try {
    for (const file of fromBinary(FileDescriptorSetSchema, bytes).file) {
      if (files.has(file.name)) throw descriptorsInvalid(undefined, `the descriptor set holds ${file.name} twice`);
      // Comments and places in the source are most of a set, and nobody reads them here.
      files.set(file.name, Object.assign(file, { sourceCodeInfo: undefined }));
    }
  } catch (error) {
    throw asInvalid(error, "the bytes are no google.protobuf.FileDescriptorSet");
  }
  return files;
}

function namesOf(file: FileDescriptorProto): string[] {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  const names: string[] = [];
  const pending: [string, DescriptorProto][] = file.messageType.map((one) => [prefix, one]);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [scope, message] = next;
    names.push(`${scope}${message.name}`);
    for (const nested of message.nestedType) pending.push([`${scope}${message.name}.`, nested]);
  }
  return names;
}

/** The file behind all that it imports, directly or not. */
function withImports(
  files: ReadonlyMap<string, FileDescriptorProto>,
  fileName: string,
  type: string,
): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>();
  const open = new Set<string>();
  const pending: { name: string; isDone: boolean }[] = [{ name: fileName, isDone: false }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const file = files.get(next.name);
    if (file === undefined) throw descriptorsInvalid(type, `the descriptor set lacks the import ${next.name}`);
    if (next.isDone) {
      open.delete(next.name);
      ordered.add(file);
      continue;
    }
    if (ordered.has(file)) continue;
    if (open.has(next.name)) throw descriptorsInvalid(type, `${next.name} imports itself`);
    open.add(next.name);
    pending.push({ name: next.name, isDone: true });
    for (const name of file.dependency) pending.push({ name, isDone: false });
  }
  return [...ordered];
}

function link(files: readonly FileDescriptorProto[]): FileRegistry {
  try {
    return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
  } catch (error) {
    throw asInvalid(error, "the descriptors do not fit together");
  }
}

function toDescriptors(
  registry: FileRegistry,
  type: string,
  files: readonly FileDescriptorProto[],
  encoded: Map<FileDescriptorProto, Uint8Array>,
): TypeDescriptors {
  const message = registry.getMessage(type);
  if (message === undefined || message.proto.options?.mapEntry === true) {
    throw descriptorsInvalid(type, "the descriptor set does not hold this message");
  }
  try {
    // Reads nothing, and thereby prepares the reading of all that a card may hold: what is wrong shows now.
    fromBinary(message, new Uint8Array());
  } catch (error) {
    throw asInvalid(error, "its descriptors cannot be used", type);
  }
  const writer = new BinaryWriter();
  for (const file of files) {
    const bytes = encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file);
    encoded.set(file, bytes);
    writer.tag(FileDescriptorSetSchema.field.file.number, WireType.LengthDelimited).bytes(bytes);
  }
  const descriptorSet = writer.finish();
  if (descriptorSet.length > maxDescriptorBytes) {
    const size = `${descriptorSet.length} bytes, and at most ${maxDescriptorBytes} are kept`;
    throw descriptorsInvalid(type, `its descriptors with all imports are ${size}`);
  }
  return { message, descriptorSet, hash: hash("sha256", descriptorSet, "base64url") };
}

/** Whatever is thrown over descriptors of a caller is the caller's mistake. */
function asInvalid(error: unknown, what: string, type?: string): unknown {
  const isKnown = error instanceof Error && error.name === "MaruError";
  return isKnown
    ? error
    : descriptorsInvalid(type, `${what}: ${error instanceof Error ? error.message : error}`, error);
}
