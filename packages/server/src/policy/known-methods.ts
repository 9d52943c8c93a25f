import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Full names of all calls of the contracts in a FileDescriptorSet, also those that this server does not serve. */
export function knownMethods(descriptorSet: Uint8Array): string[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  return [...registry].flatMap((desc) =>
    desc.kind === "service" && desc.typeName.startsWith("maru.chat.")
      ? desc.methods.map(({ name }) => `${desc.typeName}/${name}`)
      : [],
  );
}
