import type { RoomEvent } from "@maru/protocol";
import type { MemoryBroker } from "./memory-broker.ts";
import type { MemoryTopic, ReadOptions } from "./memory-topic.ts";
import type { TestFaults } from "./test-faults.ts";

/** How to start a Maru in memory. Everything may be left out. */
export interface TestMaruOptions {
  /** Port for gRPC on 127.0.0.1. @default a free one */
  readonly grpcPort?: number;
  /** Port for HTTP on 127.0.0.1: Connect, gRPC-Web, `/healthz`, `/readyz`, `/metrics`. @default a free one */
  readonly httpPort?: number;
  /** Partitions of each topic. @default 12 */
  readonly partitions?: number;
  /**
   * How many bytes of records each topic holds. Beyond that it drops the oldest, and a reader that had not read them gets
   * a `RecordsDroppedError`. @default 67_108_864 (64 MiB)
   */
  readonly maxTopicBytes?: number;
  /** The least level of what the server logs, as JSON lines on standard error. @default "error" */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** More settings of the server, by the names of its configuration reference: `{ MARU_MAX_TEXT_BYTES: "100" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The real server over a memory store, and what it would send to Kafka. Made by `startTestMaru`. */
export interface TestMaru extends AsyncDisposable {
  /** `127.0.0.1:50051`: for `connectMaru({ address })` and other gRPC clients, without TLS. */
  readonly grpcAddress: string;
  /** `http://127.0.0.1:8080`: for `connectMaru({ address })` and other Connect, gRPC-Web or HTTP clients. */
  readonly httpAddress: string;
  /** A token for a calling service, valid for a day, with this Maru only. @param service its name, default `"test"` */
  token(service?: string): Promise<string>;
  /** Kafka in memory, for consumers: `subscribe(client, { brokers: maru.broker, group: "push" }, handlers)`. */
  readonly broker: MemoryBroker;
  /** What goes wrong between the server and its consumers, on demand. */
  readonly faults: TestFaults;
  /** The topic of the room events: one record for each entry of each room, in order per room, without repeats unless `faults` make them. */
  readonly topic: MemoryTopic;
  /** The topic of the read markers. Unlike Kafka's it is not compacted. */
  readonly readMarkers: MemoryTopic;
  /** The records of `topic`, decoded. Options and errors are those of `topic.read`. */
  events(options?: ReadOptions): AsyncIterableIterator<RoomEvent>;
  /** Refuses new calls, waits a second for those that run, closes the ports. The rooms are gone. May be called again. */
  close(): Promise<void>;
}
