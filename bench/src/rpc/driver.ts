import { toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { MessageService, SendMessageRequestSchema } from "@maru/protocol";
import { carryOut } from "../measure/worker.ts";
import { sample } from "./sample.ts";

export interface Drive {
  readonly address: string;
  readonly token: string;
  readonly calls: number;
  /** Calls under way at once. */
  readonly concurrency: number;
}

export type DriverOrders = {
  /** Makes the calls; rejects when one of them fails. Returns how long they took. */
  drive: (drive: Drive) => Promise<number>;
};

const path = `/${MessageService.typeName}/${MessageService.method.sendMessage.name}`;
const request = Buffer.from(toBinary(SendMessageRequestSchema, sample));
const asIs = (bytes: Buffer) => bytes;
const clients = new Map<string, Client>();

async function drive({ address, token, calls, concurrency }: Drive): Promise<number> {
  const client = clients.get(address) ?? new Client(address, credentials.createInsecure());
  clients.set(address, client);
  const startedMs = performance.now();
  let begun = 0;
  const caller = async () => {
    while (begun < calls) {
      begun++;
      await call(client, token);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return performance.now() - startedMs;
}

function call(client: Client, token: string): Promise<void> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, request, metadata, { deadline: Date.now() + 10_000 }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

carryOut({ drive } satisfies DriverOrders);
