import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { ListMessagesRequestSchema, ListMessagesResponseSchema, MessageService } from "@maru/protocol";
import { carryOut } from "../measure/worker.ts";
import { type Load, runLoad } from "../send/load.ts";
import { type PageOrders, type Prepare, pageSize } from "./page-orders.ts";

const path = `/${MessageService.typeName}/${MessageService.method.listMessages.name}`;
const asIs = (bytes: Buffer) => bytes;
let read: ((caller: number) => Promise<Buffer>) | undefined;

/** A lean caller: it makes the calls with grpc-js and leaves the answers as bytes. */
async function prepare({ address, token, roomIds }: Prepare): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const requests = roomIds.map((roomId) =>
    Buffer.from(toBinary(ListMessagesRequestSchema, create(ListMessagesRequestSchema, { roomId, pageSize }))),
  );
  read = (caller) => call(client, metadata, requests[caller] ?? Buffer.alloc(0));
  for (const caller of roomIds.keys()) {
    const { entries } = fromBinary(ListMessagesResponseSchema, await read(caller));
    if (entries.length !== pageSize) throw new Error(`the page has ${entries.length} messages`);
  }
}

function call(client: Client, metadata: Metadata, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 30_000 };
    client.makeUnaryRequest<Buffer, Buffer>(path, asIs, asIs, request, metadata, options, (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error ?? new Error("an answer without a message"));
    });
  });
}

function run(load: Load) {
  if (read === undefined) throw new Error("the side was not prepared");
  return runLoad(load, read);
}

carryOut({ prepare, run } satisfies PageOrders);
