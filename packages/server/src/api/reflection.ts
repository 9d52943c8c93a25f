import { clone, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "@maru/protocol/grpc";
import { type DescriptorIndex, indexDescriptors } from "./descriptor-index.ts";
import { type ServiceRegistration, serveService } from "./service-registration.ts";

type Answer = MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"];

const current = "grpc.reflection.v1";
const older = "grpc.reflection.v1alpha";
const olderService = `${older}.ServerReflection`;

/**
 * Server reflection in both versions that tools ask for, from the bytes of a FileDescriptorSet: nothing is translated,
 * so that comments, options and imports arrive as they were written. Lists itself and the services named.
 */
export function serveReflection(descriptorSet: Uint8Array, services: readonly string[]): ServiceRegistration[] {
  const set = fromBinary(FileDescriptorSetSchema, descriptorSet);
  set.file.push(...set.file.filter(({ package: name }) => name === current).map(toOlderVersion));
  const index = indexDescriptors(set);
  const listed = [...services, ServerReflection.typeName, olderService].toSorted();

  const implementation: ServiceImpl<typeof ServerReflection> = {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = answer(index, listed, request.messageRequest);
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  };
  const service = index.registry.getService(olderService);
  const registrations = [serveService(ServerReflection, implementation, "anyone")];
  if (service !== undefined) {
    registrations.push(serveService(service as typeof ServerReflection, implementation, "anyone"));
  }
  return registrations;
}

/** The same messages under the older name. */
function toOlderVersion(file: FileDescriptorProto): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, file);
  const renamed = (typeName: string) => typeName.replace(`.${current}.`, `.${older}.`);
  copy.name = file.name.replace("/v1/", "/v1alpha/");
  copy.package = older;
  for (const field of copy.messageType.flatMap((message) => message.field)) {
    field.typeName = renamed(field.typeName);
  }
  for (const method of copy.service.flatMap((service) => service.method)) {
    method.inputType = renamed(method.inputType);
    method.outputType = renamed(method.outputType);
  }
  return copy;
}

function answer(
  index: DescriptorIndex,
  services: readonly string[],
  request: ServerReflectionRequest["messageRequest"],
): Answer {
  switch (request.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: services.map((name) => ({ name })) } };
    case "fileByFilename":
      return files(index.filesByName(request.value));
    case "fileContainingSymbol":
      return files(index.filesBySymbol(request.value));
    case "fileContainingExtension":
      return files(index.filesByExtension(request.value.containingType, request.value.extensionNumber));
    case "allExtensionNumbersOfType": {
      const extensionNumber = index.extensionNumbers(request.value);
      return extensionNumber === undefined
        ? notFound
        : { case: "allExtensionNumbersResponse", value: { baseTypeName: request.value, extensionNumber } };
    }
    default:
      return { case: "errorResponse", value: { errorCode: 3, errorMessage: "the request asks nothing" } };
  }
}

const notFound: Answer = { case: "errorResponse", value: { errorCode: 5, errorMessage: "not found" } };

function files(fileDescriptorProto: Uint8Array[] | undefined): Answer {
  return fileDescriptorProto === undefined
    ? notFound
    : { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}
