import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { Kafka, type LogEntry, logLevel, type RetryOptions, type SASLOptions } from "kafkajs";

/** How to reach the brokers. */
export interface KafkaConnection {
  /** `host:port` of some brokers; the others are learned from these. */
  brokers: string[];
  /** The name under which the brokers log this client. */
  clientId: string;
  /** TLS: `true`, or the options of `node:tls`. */
  ssl?: boolean | ConnectionOptions;
  /** User and password, or a token provider, in kafkajs's form. */
  sasl?: SASLOptions;
  /** Opens the sockets, in place of `net.connect` and `tls.connect`: for a proxy, or for a test that injects faults. */
  socketFactory?: (target: { host: string; port: number; ssl: ConnectionOptions; onConnect: () => void }) => Socket;
  /** Gets kafkajs's warnings and errors. Without it they are dropped: whatever matters is also an error or a callback. */
  onLog?: (entry: { level: "warn" | "error"; message: string; fields: Record<string, unknown> }) => void;
}

/** How kafkajs retries within one of its own calls; the callers of this package retry around it, as long as it makes sense. */
export const INNER_RETRY: RetryOptions = { initialRetryTime: 50, maxRetryTime: 500, retries: 2 };

/** How long kafkajs believes what it knows of leaders, when no error tells it better. Its own default is 5 minutes. */
export const METADATA_MAX_AGE_MS = 30_000;

/** Makes a kafkajs client. `onEntry` sees every warning and error first, synchronously. */
export function openKafka(
  connection: KafkaConnection,
  retry = INNER_RETRY,
  onEntry?: (entry: LogEntry) => void,
): Kafka {
  const { brokers, clientId, ssl, sasl, socketFactory, onLog } = connection;
  return new Kafka({
    brokers,
    clientId,
    connectionTimeout: 3000,
    requestTimeout: 10_000,
    retry,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      onEntry?.(entry);
      const { message, timestamp: _, logger: __, ...fields } = entry.log;
      onLog?.({ level: entry.level === logLevel.ERROR ? "error" : "warn", message, fields });
    },
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(socketFactory === undefined ? {} : { socketFactory }),
  });
}
