import { fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type handleUnaryCall, Server, ServerCredentials } from "@grpc/grpc-js";
import { MessageService, type SendMessageRequestSchema, type SendMessageResponseSchema } from "@maru/protocol";
import { carryOut, ownCpuMicros } from "../measure/worker.ts";
import { toAnswer } from "./answer.ts";
import { sample } from "./sample.ts";
import type { ServerOrders } from "./server-orders.ts";

type Request = MessageShape<typeof SendMessageRequestSchema>;
type Response = MessageShape<typeof SendMessageResponseSchema>;

/** The least that grpc-js needs to answer the same message, with the channel settings of our own listener. */
async function listenBare(): Promise<string> {
  const { sendMessage } = MessageService.method;
  const answer = toAnswer(sample);
  const handle: handleUnaryCall<Request, Response> = (_call, respond) => respond(null, answer);
  const server = new Server({ "grpc.enable_channelz": 0 });
  server.addService(
    {
      sendMessage: {
        path: `/${MessageService.typeName}/${sendMessage.name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: toBuffer(sendMessage.input),
        requestDeserialize: (bytes: Buffer) => fromBinary(sendMessage.input, bytes),
        responseSerialize: toBuffer(sendMessage.output),
        responseDeserialize: (bytes: Buffer) => fromBinary(sendMessage.output, bytes),
      },
    },
    { sendMessage: handle },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `127.0.0.1:${port}`;
}

function toBuffer<Desc extends typeof SendMessageRequestSchema | typeof SendMessageResponseSchema>(schema: Desc) {
  return (message: MessageShape<Desc>): Buffer => {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

carryOut({ listen: listenBare, cpuMicros: ownCpuMicros } satisfies ServerOrders);
