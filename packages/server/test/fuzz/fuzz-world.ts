import { create, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { connectMaru, type Maru, service } from "@maru/client";
import { MemberRole } from "@maru/protocol";
import { ticketContract } from "../conformance/card-descriptors.ts";
import { learnRoom, type Pool } from "./pool.ts";

export interface FuzzServer extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  /** Of the service `tests`. */
  readonly token: string;
  /** Lines of the log, parsed. */
  readonly logged: readonly Record<string, unknown>[];
}

/** A server, ways to it, and what requests may meet there. */
export interface FuzzWorld extends AsyncDisposable {
  readonly server: FuzzServer;
  readonly client: grpc.Client;
  readonly maru: Maru;
  readonly pool: Pool;
}

const firstRooms = 10;

export async function startFuzzWorld(start: () => Promise<FuzzServer>): Promise<FuzzWorld> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await start());
  const client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
  starting.defer(() => client.close());
  const maru = starting.use(connectMaru({ address: server.grpcAddress, token: server.token }));
  const { type, message, descriptorSet } = ticketContract("tests");
  await maru.cards.registerCardTypes({ descriptorSet, types: [type] });
  const pool: Pool = {
    userIds: ["ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal", "é 한", "x".repeat(128)],
    rooms: [],
    jobIds: [],
    cardTypes: [type],
    descriptorSet,
    cardValue: toBinary(message, create(message, { title: "row 1", seats: 2 } as Record<string, unknown>)),
    served: new Map(),
    nextPages: new Map(),
  };
  for (let n = 0; n < firstRooms; n++) await openRoom(maru, pool, n);
  const started = starting.move();
  return { server, client, maru, pool, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function openRoom(maru: Maru, pool: Pool, n: number): Promise<void> {
  const userIds = pool.userIds.filter((_, index) => (index + n) % 3 !== 0);
  const members = userIds.map((userId, index) => ({ userId, role: index < 2 ? MemberRole.ADMIN : MemberRole.MEMBER }));
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  if (room === undefined) throw new Error("a room could not be made");
  learnRoom(pool, { ...room, userIds, messages: [] });
}
