import { readFileSync } from "node:fs";

/**
 * The contracts as a serialized `google.protobuf.FileDescriptorSet`, comments and validation rules included: what
 * server reflection serves, and what other generators can read. Needs Node.
 */
export function readDescriptorSet(): Uint8Array {
  return readFileSync(new URL("./gen/descriptors.binpb", import.meta.url));
}
