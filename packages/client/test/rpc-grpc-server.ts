import type { EventEmitter } from "node:events";
import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from "@grpc/grpc-js";
import { StatusSchema } from "@maru/protocol";
import { Health } from "@maru/protocol/grpc";
import { type Answer, type CannedServer, type Seen, servedMethods, toSeen } from "./rpc-canned.ts";

/** A real grpc-js server with canned answers. */
export async function startGrpcServer(answer: Answer, port = 0): Promise<CannedServer> {
  const seen: Seen[] = [];
  const server = new Server();
  const look = (call: ServerUnaryCall<Message, Message> | ServerWritableStream<Message, Message>) => {
    const left = new AbortController();
    const events: EventEmitter = call;
    events.on("cancelled", () => left.abort());
    const one = toSeen(call.request, (name) => call.metadata.get(name)[0]?.toString(), left.signal);
    seen.push(one);
    return one;
  };
  for (const method of servedMethods) {
    const handle = async (call: ServerUnaryCall<Message, Message>, done: (...args: never[]) => void) => {
      const reply = (...args: unknown[]) => Reflect.apply(done, undefined, args);
      try {
        reply(null, create(method.output, await answer(look(call))));
      } catch (error) {
        reply(toStatus(error));
      }
    };
    server.register(pathOf(method), handle, ...codecOf(method), "unary");
  }
  const watch = Health.method.watch;
  const handleWatch = async (call: ServerWritableStream<Message, Message>) => {
    try {
      await answer(look(call));
      for (let n = 0; n < 3; n++) call.write(create(watch.output, { status: n }));
    } catch (error) {
      call.emit("error", toStatus(error));
    }
  };
  server.register(pathOf(watch), handleWatch, ...codecOf(watch), "serverStream");
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, free) =>
      error ? reject(error) : resolve(free),
    );
  });
  const kill = async () => server.forceShutdown();
  return { address: `127.0.0.1:${bound}`, seen, kill, [Symbol.asyncDispose]: kill };
}

const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;

function codecOf(method: DescMethod): [(message: Message) => Buffer, (bytes: Buffer) => Message] {
  return [(message) => Buffer.from(toBinary(method.output, message)), (bytes) => fromBinary(method.input, bytes)];
}

function toStatus(thrown: unknown) {
  const error = ConnectError.from(thrown);
  const metadata = new Metadata();
  error.metadata.forEach((value, key) => {
    metadata.set(key, value);
  });
  const details = error.details.flatMap((one) =>
    "desc" in one ? [anyPack(one.desc, create(one.desc, one.value))] : [],
  );
  const status = create(StatusSchema, { code: error.code, message: error.rawMessage, details });
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return { code: error.code, details: error.rawMessage, metadata };
}
