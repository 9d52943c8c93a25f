import type { Kafka, Message, Producer, RecordMetadata } from "kafkajs";
import { missingFromAnswer } from "./answer.ts";
import { INNER_RETRY, METADATA_MAX_AGE_MS } from "./connection.ts";
import { AttemptTimeoutError, ShortAnswerError, type TopicPartition } from "./errors.ts";
import { failureKind } from "./failure.ts";
import { partitionOf } from "./partition.ts";
import { within } from "./waiting.ts";

/** A message as kafkajs wants it; everything in it is fixed, so that a batch sent again is the same batch. */
export interface PreparedMessage extends Message {
  partition: number;
  timestamp: string;
}

/** A kafkajs producer with its producer id. */
interface Session {
  producer: Promise<Producer>;
  inFlight: number;
  retired: boolean;
}

const DISCONNECT_LIMIT_MS = 2000;
/** Longer than kafkajs itself can take: its lock of a broker waits for 65 s, and each of three tries for 10. */
const ATTEMPT_LIMIT_MS = 120_000;

/**
 * A few idempotent kafkajs producers, over which the partitions are spread: kafkajs lets only one produce request of an
 * idempotent producer be under way per broker, so that one producer alone would make all lanes of a broker queue up.
 */
export class SessionPool {
  readonly #kafka: Kafka;
  readonly #verifyAnswer: boolean;
  readonly #sessions: (Session | undefined)[];
  readonly #attemptLimitMs: number;

  constructor(kafka: Kafka, size: number, verifyAnswer: boolean, attemptLimitMs = ATTEMPT_LIMIT_MS) {
    this.#kafka = kafka;
    this.#attemptLimitMs = attemptLimitMs;
    this.#verifyAnswer = verifyAnswer;
    this.#sessions = Array.from({ length: size }, () => undefined);
  }

  /** Connects the first producer, so that a wrong address or password shows at the start. */
  async connect(): Promise<void> {
    await this.#session(0).producer;
  }

  /**
   * Sends one batch to one partition, once. Resolves with the offset of its first message. An attempt without any outcome
   * fails after a while, so that a connection that hangs does not stop its partitions for ever; if it is stored all the same
   * later, it is a repeat of what was sent again.
   */
  async send(at: TopicPartition, messages: PreparedMessage[]): Promise<string> {
    // Hashed, because brokers also lead every n-th partition: a remainder would put all partitions of a broker together.
    const slot = partitionOf(`${at.topic}/${at.partition}`, this.#sessions.length);
    const session = this.#session(slot);
    session.inFlight++;
    try {
      const answer = await this.#attempt(at, session, messages);
      const missing = this.#verifyAnswer ? missingFromAnswer([at], answer) : [];
      if (missing.length > 0) throw new ShortAnswerError(missing);
      return answer.find((a) => a.partition === at.partition)?.baseOffset ?? "-1";
    } catch (error) {
      if (failureKind(error) === "retry-anew") this.#retire(slot, session);
      throw error;
    } finally {
      session.inFlight--;
      if (session.retired && session.inFlight === 0) void disconnect(session);
    }
  }

  async #attempt(at: TopicPartition, session: Session, messages: PreparedMessage[]): Promise<RecordMetadata[]> {
    const sending = session.producer.then((producer) =>
      producer.send({ topic: at.topic, acks: -1, timeout: 8000, messages }),
    );
    if (!(await within(this.#attemptLimitMs, sending))) throw new AttemptTimeoutError(at, this.#attemptLimitMs);
    return sending;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map((session) => session && disconnect(session)));
  }

  #session(slot: number): Session {
    const existing = this.#sessions[slot];
    if (existing) return existing;
    const session: Session = { producer: this.#connectOne(), inFlight: 0, retired: false };
    session.producer.catch(() => this.#retire(slot, session));
    this.#sessions[slot] = session;
    return session;
  }

  async #connectOne(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: INNER_RETRY,
      createPartitioner: () => (args) => args.message.partition ?? 0,
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      void producer.disconnect().catch(() => {});
      throw error;
    }
  }

  /** The next send of this slot starts with a new producer id; the sends under way end on the old one. */
  #retire(slot: number, session: Session): void {
    session.retired = true;
    if (this.#sessions[slot] === session) this.#sessions[slot] = undefined;
  }
}

async function disconnect(session: Session): Promise<void> {
  const gone = session.producer.then((producer) => producer.disconnect()).catch(() => {});
  await within(DISCONNECT_LIMIT_MS, gone);
}
