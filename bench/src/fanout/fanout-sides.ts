import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { connectMaru, service } from "@maru/client";
import { type Stack, scratchName } from "@maru/devstack";
import { type Fleet, openFleet, type ProgramNode, type ServerNode } from "@maru/devstack/servers";
import { type Entry, EntrySchema } from "@maru/protocol";
import { ServerFramesSchema } from "@maru/protocol/realtime";
import { signUserToken } from "@maru/server/identity/tokens.ts";
import { createLog } from "@maru/server/log.ts";
import { startRealtime } from "@maru/server/realtime/start-realtime.ts";
import type { WebSocket } from "ws";
import { enterRoom, openWebSocket, type RoomDoor } from "./enter-room.ts";
import { FrameCounter } from "./frame-counter.ts";

/** One way to send to many sockets. */
export interface FanoutSide extends AsyncDisposable {
  readonly name: "bare" | "maru";
  readonly counter: FrameCounter;
  readonly pid: number;
  /** Opens so many more sockets, and resolves when all hear. */
  open(count: number): Promise<void>;
  /** Sends entries to all, in one tick. */
  send(entries: readonly Entry[]): Promise<void>;
  /** What one socket gets of them. */
  bytesOf(entries: readonly Entry[]): number;
  closeAll(): void;
}

const ahead = 50;

export async function openFanoutFleet(stack: Stack, maxSockets: number): Promise<Fleet> {
  if (stack.dynamodb === undefined || stack.kafka === undefined) throw new Error("an engine is missing");
  const fleet = await openFleet({
    dynamodbEndpoint: stack.dynamodb.endpoint,
    brokers: stack.kafka.brokers,
    redisNodes: stack.redis?.nodes ?? [],
    env: {
      MARU_TABLE: scratchName("fanout"),
      MARU_CONTROL_TABLE: scratchName("fanout-control"),
      MARU_KAFKA_TOPIC: scratchName("fanout-events"),
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("fanout-markers"),
      MARU_GATEWAY_GROUP: scratchName("fanout-gateways"),
      MARU_GATEWAY_MAX_CONNECTIONS_PER_USER: "10000",
      MARU_LOG_LEVEL: "warn",
      // What is counted is what is sent.
      MARU_GATEWAY_HEARTBEAT_MS: "600000",
      MARU_GATEWAY_PING_TIMEOUT_MS: "600000",
      MARU_GATEWAY_MAX_CONNECTIONS: String(maxSockets + 100),
    },
  });
  await fleet.setUp();
  return fleet;
}

export async function openBareSide(fleet: Fleet): Promise<FanoutSide> {
  const program: ProgramNode = await fleet.startProgram({
    name: "bare",
    file: new URL("bare-main.ts", import.meta.url).pathname,
  });
  const counter = new FrameCounter();
  const sockets: WebSocket[] = [];
  return {
    name: "bare",
    counter,
    pid: program.pid ?? 0,
    async open(count) {
      await inSteps(count, async () => void sockets.push(await openWebSocket(`ws://${program.httpAddress}`, [])));
      for (const socket of sockets.splice(0)) taken(socket, counter, sockets);
    },
    async send(entries) {
      const body = entries.map((entry) => Buffer.from(toMessage(entry)).toString("base64")).join("\n");
      await fetch(`http://${program.httpAddress}`, { method: "POST", body });
    },
    bytesOf: (entries) => entries.reduce((sum, entry) => sum + toMessage(entry).length, 0),
    closeAll: () => closeAll(sockets),
    async [Symbol.asyncDispose]() {
      closeAll(sockets);
      await program.stop();
    },
  };
}

export interface MaruSide extends FanoutSide {
  /** Where more sockets that follow the room can be opened. */
  readonly door: RoomDoor;
}

/** The real gateway, with everything from what Redis hands it to the sockets. */
export async function openMaruSide(fleet: Fleet, redisNodes: readonly string[]): Promise<MaruSide> {
  const api: ServerNode = await fleet.startServer({ name: "api", env: { MARU_ROLES: "api" } });
  const gateway = await fleet.startServer({
    name: "gateway",
    env: { MARU_ROLES: "gateway", MARU_GATEWAY_API_ADDRESSES: api.grpcAddress },
  });
  await using maru = connectMaru({ address: api.grpcAddress, token: await fleet.token("bench") });
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId: "crowd" }] });
  const roomId = room?.roomId ?? "";
  const realtime = await startRealtime({
    redis: { nodes: redisNodes, timeoutMs: 5_000 },
    listener: { pushed: () => undefined, interrupted: () => undefined },
    // Nobody is looked up: those hear who follow.
    roomMembers: { userIdsOf: async () => undefined },
    maxListedMembers: 0,
    maxInboxRooms: 1,
    clock: { nowMs: Date.now },
    log: createLog("silent"),
  });
  const key = fleet.env.MARU_TOKEN_KEY ?? "";
  const token = await signUserToken({ key, userId: "crowd", ttlSeconds: 3_600, audience: "maru-realtime" });
  const counter = new FrameCounter();
  const sockets: WebSocket[] = [];
  const door = { url: `ws://${gateway.gatewayAddress}`, token, roomId };
  return {
    name: "maru",
    door,
    counter,
    pid: gateway.pid ?? 0,
    async open(count) {
      await inSteps(count, async () => void sockets.push(await enterRoom(door)));
      for (const socket of sockets.splice(0)) taken(socket, counter, sockets);
    },
    send: (entries) => realtime.publisher.publishEntries(entries),
    bytesOf: (entries) => entries.reduce((sum, entry) => sum + toMessage(entry).length, 0),
    closeAll: () => closeAll(sockets),
    async [Symbol.asyncDispose]() {
      closeAll(sockets);
      await realtime[Symbol.asyncDispose]();
      await gateway.stop();
      await api.stop();
    },
  };
}

/** Entries as a room would have them next. */
export function nextEntries(roomId: string, after: number, count: number, textChars = 120): Entry[] {
  return Array.from({ length: count }, (_, n) =>
    create(EntrySchema, {
      roomId,
      seq: after + 1 + n,
      type: "message_sent",
      stateSeq: 1,
      idempotencyKey: randomUUID(),
      body: {
        case: "messageSent",
        value: { content: { kind: { case: "text", value: { text: "words ".repeat(textChars / 6) } } } },
      },
    }),
  );
}

function toMessage(entry: Entry): Uint8Array {
  const frames = [{ kind: { case: "entry" as const, value: { entry } } }];
  return toBinary(ServerFramesSchema, create(ServerFramesSchema, { frames }));
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const [, pages = "0"] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
  return Number(pages) * 4_096;
}

/** From now on nothing but the headers of what comes is looked at. */
function taken(socket: WebSocket, counter: FrameCounter, sockets: WebSocket[]): void {
  const raw = Reflect.get(socket, "_socket") as Socket;
  raw.removeAllListeners("data");
  counter.watch(raw);
  sockets.push(socket);
}

function closeAll(sockets: WebSocket[]): void {
  for (const socket of sockets.splice(0)) (Reflect.get(socket, "_socket") as Socket).destroy();
}

async function inSteps(count: number, one: () => Promise<void>): Promise<void> {
  for (let left = count; left > 0; left -= ahead) {
    await Promise.all(Array.from({ length: Math.min(ahead, left) }, one));
  }
}
