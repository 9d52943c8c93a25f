import { kafkaRequest } from "./kafka-request.ts";

/** What one broker knows about its cluster. */
export interface ClusterState {
  clusterId: string;
  /** Registered and not fenced. */
  brokerIds: number[];
  partitions: { topic: string; partition: number; leader: number; replicas: number[]; inSync: number[] }[];
}

/** Asks one broker for the metadata of all topics: Kafka's Metadata request, version 4, over a connection of its own. */
export async function clusterState(port: number, timeoutMs = 2_000): Promise<ClusterState> {
  const allTopicsNoCreate = Buffer.from([0xff, 0xff, 0xff, 0xff, 0]);
  return parseMetadata(await kafkaRequest(port, { apiKey: 3, version: 4, body: allTopicsNoCreate }, timeoutMs));
}

function parseMetadata(bytes: Buffer): ClusterState {
  let at = 4; // after the throttle time
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
