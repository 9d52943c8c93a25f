import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import {
  type ServerReflectionRequestSchema as RequestSchema,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@maru/protocol/grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";

type Question = MessageInitShape<typeof RequestSchema>["messageRequest"];
type Answers = ServerReflectionResponse["messageResponse"][];

let server: ApiServer;
let client: grpc.Client;

beforeAll(async () => {
  server = await startApiServer();
  client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await server.close();
});

/** Asks on one stream, without a token, as tools do. */
function ask(version: string, ...questions: Question[]): Promise<Answers> {
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (messageRequest: Question) =>
        Buffer.from(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest }))),
      (bytes: Buffer) => fromBinary(ServerReflectionResponseSchema, bytes),
    );
    const answers: Answers = [];
    stream.on("data", (answer: ServerReflectionResponse) => answers.push(answer.messageResponse));
    stream.on("error", reject);
    stream.on("end", () => resolve(answers));
    for (const question of questions) {
      stream.write(question);
    }
    stream.end();
  });
}

function filesOf(answer: Answers[number] | undefined) {
  if (answer?.case !== "fileDescriptorResponse") {
    throw new Error(`no files but ${answer?.case}`);
  }
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  test("lists every service, health and itself included", async () => {
    const [answer] = await ask(version, { case: "listServices", value: "" });
    const names = answer?.case === "listServicesResponse" ? answer.value.service.map(({ name }) => name) : [];
    expect(names).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "maru.chat.v1.EventService",
    ]);
  });

  test("describes each listed service with all that it imports", async () => {
    const [list] = await ask(version, { case: "listServices", value: "" });
    const services = list?.case === "listServicesResponse" ? list.value.service : [];
    const questions = services.map(({ name }): Question => ({ case: "fileContainingSymbol", value: name }));
    for (const answer of await ask(version, ...questions)) {
      const files = filesOf(answer);
      const names = new Set(files.map(({ name }) => name));
      expect(files.flatMap(({ dependency }) => dependency).filter((name) => !names.has(name))).toEqual([]);
    }
  });

  test("the files of a service reach into google/protobuf and buf/validate", async () => {
    const [answer] = await ask(version, {
      case: "fileContainingSymbol",
      value: "maru.chat.v1.EventService.ListEntries",
    });
    const names = filesOf(answer).map(({ name }) => name);
    expect(names[0]).toBe("maru/chat/v1/event_service.proto");
    expect(names).toEqual(
      expect.arrayContaining([
        "maru/chat/v1/entry.proto",
        "google/protobuf/timestamp.proto",
        "google/protobuf/descriptor.proto",
        "buf/validate/validate.proto",
      ]),
    );
  });

  test("the types of error details are there, with the comments of the contract", async () => {
    const [details, byName] = await ask(
      version,
      { case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" },
      { case: "fileByFilename", value: "maru/chat/v1/error_reason.proto" },
    );
    expect(filesOf(details)[0]?.name).toBe("google/rpc/error_details.proto");
    const comments = filesOf(byName)[0]
      ?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments)
      .join();
    expect(comments).toContain("Sending is stopped in this room for now");
  });

  test("extensions are found by number, and what is not there is not found", async () => {
    const answers = await ask(
      version,
      {
        case: "fileContainingExtension",
        value: { containingType: "google.protobuf.FieldOptions", extensionNumber: 1159 },
      },
      { case: "allExtensionNumbersOfType", value: "google.protobuf.FieldOptions" },
      { case: "fileContainingSymbol", value: "maru.chat.v1.Nothing" },
      { case: "fileByFilename", value: "nothing.proto" },
      { case: "allExtensionNumbersOfType", value: "maru.chat.v1.Nothing" },
    );
    expect(filesOf(answers[0])[0]?.name).toBe("buf/validate/validate.proto");
    expect(answers[1]).toMatchObject({ case: "allExtensionNumbersResponse", value: { extensionNumber: [1159, 1160] } });
    for (const missing of answers.slice(2)) {
      expect(missing).toMatchObject({ case: "errorResponse", value: { errorCode: 5 } });
    }
  });
});

test("reflection can be switched off", async () => {
  await using silent = await startApiServer({}, { reflection: false });
  const other = new grpc.Client(silent.grpcAddress, grpc.credentials.createInsecure());
  const failure = await new Promise<grpc.ServiceError>((resolve) => {
    const asIs = (bytes: Buffer) => bytes;
    const stream = other.makeBidiStreamRequest("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", asIs, asIs);
    stream.on("error", resolve);
    stream.end();
  });
  expect(failure.code).toBe(grpc.status.UNIMPLEMENTED);
  other.close();
});
