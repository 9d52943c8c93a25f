import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { found } from "./scene.ts";

export interface CardContract {
  /** Full name of the message. */
  readonly type: string;
  readonly descriptorSet: Uint8Array<ArrayBuffer>;
  readonly message: DescMessage;
}

/** The contract of a calling service, the same in each run: registering it again changes nothing. */
export function ticketContract(caller: string, seatsType: "INT32" | "STRING" = "INT32"): CardContract {
  const owner = `by_${caller.replace(/[^A-Za-z0-9]/g, "_")}`;
  const set = create(FileDescriptorSetSchema, {
    file: [
      {
        name: `conformance/${owner}.proto`,
        package: `conformance.${owner}`,
        syntax: "proto3",
        messageType: [{ name: "Ticket", field: [field("title", 1, "STRING"), field("seats", 2, seatsType)] }],
      },
    ],
  });
  const type = `conformance.${owner}.Ticket`;
  return { type, descriptorSet: bytesOf(set), message: found(createFileRegistry(set).getMessage(type)) };
}

function field(name: string, number: number, type: "INT32" | "STRING") {
  return {
    name,
    jsonName: name,
    number,
    type: FieldDescriptorProto_Type[type],
    label: FieldDescriptorProto_Label.OPTIONAL,
  };
}

function bytesOf(set: FileDescriptorSet): Uint8Array<ArrayBuffer> {
  return new Uint8Array(toBinary(FileDescriptorSetSchema, set));
}
