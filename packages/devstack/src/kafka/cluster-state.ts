import { createConnection } from "node:net";

/** What one broker knows about its cluster. */
export interface ClusterState {
  clusterId: string;
  /** Registered and not fenced. */
  brokerIds: number[];
  partitions: { topic: string; partition: number; leader: number; replicas: number[]; inSync: number[] }[];
}

/** Asks one broker for the metadata of all topics: Kafka's Metadata request, version 4, over a connection of its own. */
export async function clusterState(port: number, timeoutMs = 2_000): Promise<ClusterState> {
  return parseMetadata(await exchange(port, metadataRequest(), timeoutMs));
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from("maru-devstack");
  const body = Buffer.alloc(10 + clientId.length + 5);
  body.writeInt16BE(3, 0); // Metadata
  body.writeInt16BE(4, 2); // version
  body.writeInt32BE(1, 4); // correlation id
  body.writeInt16BE(clientId.length, 8);
  clientId.copy(body, 10);
  body.writeInt32BE(-1, 10 + clientId.length); // all topics
  body.writeInt8(0, 14 + clientId.length); // do not create any
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

function exchange(port: number, request: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let received = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`The broker at port ${port} did not answer.`)));
    socket.once("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(4));
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`The broker at port ${port} closed the connection.`)));
  });
}

function parseMetadata(bytes: Buffer): ClusterState {
  let at = 8; // after the correlation id and the throttle time
  const advance = (lengthBytes: number): number => {
    at += lengthBytes;
    return at - lengthBytes;
  };
  const int8 = (): number => bytes.readInt8(advance(1));
  const int16 = (): number => bytes.readInt16BE(advance(2));
  const int32 = (): number => bytes.readInt32BE(advance(4));
  const text = (): string => {
    const lengthBytes = Math.max(0, int16());
    const start = advance(lengthBytes);
    return bytes.toString("utf8", start, start + lengthBytes);
  };
  const list = <T>(read: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, read);

  const brokerIds = list(() => {
    const id = int32();
    text(); // host
    int32(); // port
    text(); // rack
    return id;
  });
  const clusterId = text();
  int32(); // controller id
  const topics = list(() => {
    int16(); // error
    const topic = text();
    int8(); // is internal
    return list(() => {
      int16(); // error
      return { topic, partition: int32(), leader: int32(), replicas: list(int32), inSync: list(int32) };
    });
  });
  return { clusterId, brokerIds, partitions: topics.flat() };
}
