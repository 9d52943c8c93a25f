import {
  createFileRegistry,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { readDescriptorSet } from "@maru/protocol/descriptors";

/** The contract as its descriptors have it, with its rules. */
export const contractRegistry: FileRegistry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readDescriptorSet()),
);

export const contractServices: readonly DescService[] = [...contractRegistry].filter(
  (desc): desc is DescService => desc.kind === "service" && desc.typeName.startsWith("maru.chat.v1."),
);

export const contractMethods: readonly DescMethod[] = contractServices.flatMap((service) => service.methods);

/** `MessageService/SendMessage` */
export function nameOf({ parent, name }: DescMethod): string {
  return `${parent.name}/${name}`;
}
