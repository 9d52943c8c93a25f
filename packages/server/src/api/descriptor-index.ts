import { createFileRegistry, type DescFile, type DescMessage, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, type FileDescriptorSet } from "@bufbuild/protobuf/wkt";

/** Answers what reflection asks: files by their own name or by what they hold, each with all that it imports. */
export interface DescriptorIndex {
  readonly registry: FileRegistry;
  filesByName(name: string): Uint8Array[] | undefined;
  filesBySymbol(symbol: string): Uint8Array[] | undefined;
  filesByExtension(extendee: string, number: number): Uint8Array[] | undefined;
  /** Undefined when there is no such message. */
  extensionNumbers(extendee: string): number[] | undefined;
}

export function indexDescriptors(set: FileDescriptorSet): DescriptorIndex {
  const registry = createFileRegistry(set);
  const files = new Map(
    set.file.map((file) => [file.name, { bytes: toBinary(FileDescriptorProtoSchema, file), imports: file.dependency }]),
  );
  const { symbols, extensions } = indexSymbols(registry.files);

  const withImports = (name: string, seen: Set<string>): Uint8Array[] => {
    const file = files.get(name);
    if (file === undefined || seen.has(name)) {
      return [];
    }
    seen.add(name);
    return [file.bytes, ...file.imports.flatMap((imported) => withImports(imported, seen))];
  };
  const answer = (name: string | undefined) =>
    name !== undefined && files.has(name) ? withImports(name, new Set()) : undefined;

  return {
    registry,
    filesByName: answer,
    filesBySymbol: (symbol) => answer(symbols.get(symbol)),
    filesByExtension: (extendee, number) => answer(extensions.get(extendee)?.get(number)),
    extensionNumbers: (extendee) =>
      registry.getMessage(extendee) === undefined ? undefined : [...(extensions.get(extendee)?.keys() ?? [])],
  };
}

/** Names of files, by the full names of what they declare, and by extended message and number. */
function indexSymbols(files: Iterable<DescFile>) {
  const symbols = new Map<string, string>();
  const extensions = new Map<string, Map<number, string>>();
  const addExtensions = (declared: DescFile["extensions"], file: string) => {
    for (const extension of declared) {
      symbols.set(extension.typeName, file);
      const extendee = extension.extendee.typeName;
      extensions.set(extendee, (extensions.get(extendee) ?? new Map()).set(extension.number, file));
    }
  };
  const addEnums = (declared: DescFile["enums"], file: string) => {
    for (const { typeName, values } of declared) {
      symbols.set(typeName, file);
      // The values of an enum are its siblings.
      const scope = typeName.slice(0, typeName.lastIndexOf(".") + 1);
      for (const value of values) {
        symbols.set(scope + value.name, file);
      }
    }
  };
  const addMessages = (declared: readonly DescMessage[], file: string) => {
    for (const message of declared) {
      symbols.set(message.typeName, file);
      for (const member of [...message.fields, ...message.oneofs]) {
        symbols.set(`${message.typeName}.${member.name}`, file);
      }
      addMessages(message.nestedMessages, file);
      addEnums(message.nestedEnums, file);
      addExtensions(message.nestedExtensions, file);
    }
  };
  for (const { proto, messages, enums, extensions: declared, services } of files) {
    addMessages(messages, proto.name);
    addEnums(enums, proto.name);
    addExtensions(declared, proto.name);
    for (const service of services) {
      symbols.set(service.typeName, proto.name);
      for (const method of service.methods) {
        symbols.set(`${service.typeName}.${method.name}`, proto.name);
      }
    }
  }
  return { symbols, extensions };
}
