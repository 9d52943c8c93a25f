import { connectMaru, type Maru, service } from "@maru/client";
import { type NodeHandle, type Stack, scratchName, startStack } from "@maru/devstack";
import { openFleet, type ServerNode } from "@maru/devstack/servers";
import { signUserToken } from "@maru/server/identity/tokens.ts";
import { Device, type DeviceCounts, type DeviceHost } from "./device.ts";

export interface RealtimeSize {
  readonly sockets: number;
  readonly rooms: number;
}

/** Everything between a sender and the sockets of those who are to hear, and the sockets. */
export interface RealtimeWorld extends AsyncDisposable {
  readonly gateways: readonly ServerNode[];
  readonly servers: readonly ServerNode[];
  readonly redisNodes: readonly NodeHandle[];
  readonly redisAddresses: readonly string[];
  readonly maru: Maru;
  readonly roomIds: readonly string[];
  readonly devices: readonly Device[];
  readonly counts: DeviceCounts;
  /** Milliseconds from the call of send to the arrival, of all devices. */
  readonly delaysMs: number[];
  sent(key: string): void;
}

export interface RealtimeStack extends AsyncDisposable {
  readonly stack: Stack;
}

export async function startRealtimeStack(say: (line: string) => void): Promise<RealtimeStack> {
  const stack = await startStack({
    dynamodb: { storage: "memory" },
    kafka: { brokers: 1 },
    redis: { masters: 3, replicas: 1 },
    onProgress: say,
  });
  return { stack, [Symbol.asyncDispose]: () => stack.close() };
}

export async function openRealtimeWorld(
  { stack }: RealtimeStack,
  { sockets, rooms }: RealtimeSize,
  random: () => number,
  say: (line: string) => void,
): Promise<RealtimeWorld> {
  if (stack.dynamodb === undefined || stack.kafka === undefined || stack.redis === undefined)
    throw new Error("no engine");
  await using opening = new AsyncDisposableStack();
  const redisAddresses = stack.redis.nodes;
  const fleet = opening.use(
    await openFleet({
      dynamodbEndpoint: stack.dynamodb.endpoint,
      brokers: stack.kafka.brokers,
      redisNodes: redisAddresses,
      env: {
        MARU_TABLE: scratchName("realtime"),
        MARU_CONTROL_TABLE: scratchName("realtime-control"),
        MARU_KAFKA_TOPIC: scratchName("realtime-events"),
        MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("realtime-markers"),
        MARU_GATEWAY_GROUP: scratchName("gateways"),
        MARU_LOG_LEVEL: "warn",
        MARU_RELAY_LEASE_MS: "3000",
      },
    }),
  );
  await fleet.setUp();
  say("starting two servers, a relay and two gateways …");
  const api = (name: string) => fleet.startServer({ name, env: { MARU_ROLES: "api" } });
  const servers = await Promise.all(["api-1", "api-2"].map(api));
  const addresses = servers.map(({ grpcAddress }) => grpcAddress);
  await fleet.startServer({ name: "relay", env: { MARU_ROLES: "relay" } });
  const gateway = (name: string) =>
    fleet.startServer({ name, env: { MARU_ROLES: "gateway", MARU_GATEWAY_API_ADDRESSES: addresses.join(",") } });
  const gateways = await Promise.all(["gateway-1", "gateway-2"].map(gateway));
  const maru = opening.use(connectMaru({ address: addresses, token: await fleet.token("chaos"), timeoutMs: 30_000 }));
  const sentAtMs = new Map<string, number>();
  const delaysMs: number[] = [];
  const key = fleet.env.MARU_TOKEN_KEY ?? "";
  const host: DeviceHost = {
    address: () => gateways[Math.floor(random() * gateways.length)]?.gatewayAddress ?? "",
    token: (userId) => signUserToken({ key, userId, ttlSeconds: 3_600, audience: "maru-realtime" }),
    random,
    arrived({ idempotencyKey }, atMs) {
      const sent = sentAtMs.get(idempotencyKey);
      if (sent !== undefined) delaysMs.push(atMs - sent);
    },
  };
  const counts: DeviceCounts = {
    ...{ connections: 0, recovered: 0, notRecovered: 0, missedTold: 0, repeats: 0, holes: 0 },
    closes: {},
  };
  say(`creating ${rooms} rooms for ${sockets} users …`);
  const roomIds: string[] = [];
  const devices: Device[] = [];
  const perRoom = Math.ceil(sockets / rooms);
  for (let n = 0; n < rooms; n++) {
    const userIds = Array.from(
      { length: Math.min(perRoom, sockets - n * perRoom) },
      (_, m) => `user-${n * perRoom + m}`,
    );
    const members = userIds.map((userId) => ({ userId }));
    const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
    const roomId = room?.roomId ?? "";
    roomIds.push(roomId);
    for (const userId of userIds) devices.push(new Device(host, counts, userId, roomId));
  }
  opening.defer(async () => {
    for (const device of devices) device.end();
  });
  const opened = opening.move();
  const redisHandles = redisAddresses
    .map((_, index) => stack.redis?.node(index + 1))
    .filter((node) => node !== undefined);
  return {
    ...{ gateways, servers, redisAddresses, maru, roomIds, devices, counts, delaysMs },
    redisNodes: redisHandles,
    sent: (one) => void sentAtMs.set(one, performance.now()),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
