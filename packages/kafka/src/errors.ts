/** A partition of a topic. */
export interface TopicPartition {
  topic: string;
  partition: number;
}

/** What every error of this package is. `cause` holds the driver's own error where there is one. */
export class KafkaError extends Error {
  override name = "KafkaError";
}

/** No broker of the given list could be reached, or none accepted the credentials, when something was started. */
export class ConnectError extends KafkaError {
  override name = "ConnectError";
  readonly brokers: string[];
  constructor(brokers: string[], cause: unknown) {
    super(`cannot connect to Kafka at ${brokers.join(", ")}: ${messageOf(cause)}`, { cause });
    this.brokers = brokers;
  }
}

/** The topic does not exist (nothing in this package creates a topic on its own; see `ensureTopic`). */
export class UnknownTopicError extends KafkaError {
  override name = "UnknownTopicError";
  readonly topic: string;
  constructor(topic: string, cause?: unknown) {
    super(`topic ${topic} does not exist`, { cause });
    this.topic = topic;
  }
}

/** One message is larger than the topic accepts (`max.message.bytes`), or than the producer can hold. It was not stored. */
export class MessageTooLargeError extends KafkaError {
  override name = "MessageTooLargeError";
  readonly topic: string;
  readonly sizeBytes: number;
  constructor(topic: string, sizeBytes: number, reason: string, cause?: unknown) {
    super(`a message of ${sizeBytes} bytes is too large for topic ${topic}: ${reason}`, { cause });
    this.topic = topic;
    this.sizeBytes = sizeBytes;
  }
}

/**
 * The brokers refused the message for a reason that sending again does not cure (authorization, an invalid record).
 * If an earlier attempt went unanswered, the message may have been stored all the same.
 */
export class SendRefusedError extends KafkaError {
  override name = "SendRefusedError";
  readonly topic: string;
  readonly partition: number;
  constructor(at: TopicPartition, cause: unknown) {
    super(`Kafka refused a message for ${at.topic}/${at.partition}: ${messageOf(cause)}`, { cause });
    this.topic = at.topic;
    this.partition = at.partition;
  }
}

/** The broker answered a produce request without naming the partitions that were sent: they count as not stored. */
export class ShortAnswerError extends KafkaError {
  override name = "ShortAnswerError";
  readonly missing: TopicPartition[];
  constructor(missing: TopicPartition[]) {
    super(`the broker's answer lacks ${missing.map((at) => `${at.topic}/${at.partition}`).join(", ")}`);
    this.missing = missing;
  }
}

/** A produce request was neither answered nor refused for longer than kafkajs ever waits: it counts as not stored. */
export class AttemptTimeoutError extends KafkaError {
  override name = "AttemptTimeoutError";
  readonly topic: string;
  readonly partition: number;
  readonly limitMs: number;
  constructor(at: TopicPartition, limitMs: number) {
    super(`an attempt to send to ${at.topic}/${at.partition} had no outcome within ${limitMs} ms`);
    this.topic = at.topic;
    this.partition = at.partition;
    this.limitMs = limitMs;
  }
}

/** The producer is closed, or was closed before the brokers confirmed the message: it may or may not be stored. */
export class ProducerClosedError extends KafkaError {
  override name = "ProducerClosedError";
  constructor() {
    super("the producer is closed");
  }
}

/** Some messages of one `sendAll` were not stored. All others are: `failures` says which failed, by their index. */
export class SendAllError extends KafkaError {
  override name = "SendAllError";
  readonly failures: { index: number; error: unknown }[];
  constructor(failures: { index: number; error: unknown }[], total: number) {
    const first = failures[0];
    super(
      `${failures.length} of ${total} messages were not stored; first: #${first?.index} ${messageOf(first?.error)}`,
      {
        cause: first?.error,
      },
    );
    this.failures = failures;
  }
}

/** One way in which an existing topic is not what was asked for. */
export interface TopicDifference {
  /** `partitionCount`, `replicationFactor`, or the name of a topic configuration. */
  what: string;
  expected: string;
  actual: string;
}

/** The topic exists, but not as asked for. Nothing was changed: more partitions would move keys and break their order. */
export class TopicMismatchError extends KafkaError {
  override name = "TopicMismatchError";
  readonly topic: string;
  readonly differences: TopicDifference[];
  constructor(topic: string, differences: TopicDifference[]) {
    const list = differences.map((d) => `${d.what} is ${d.actual}, not ${d.expected}`).join("; ");
    super(`topic ${topic} exists and differs: ${list}`);
    this.topic = topic;
    this.differences = differences;
  }
}

/**
 * The offset to continue from is no longer in the log (retention removed it, or the topic was made anew). Records were
 * missed. The group's committed offset is left as it was.
 */
export class OffsetLostError extends KafkaError {
  override name = "OffsetLostError";
  readonly topic: string;
  readonly partition: number;
  /** Where the group wanted to continue. */
  readonly offset: bigint;
  /** The first offset that still exists. */
  readonly lowOffset: bigint;
  /** The offset that the next record will get. */
  readonly highOffset: bigint;
  constructor(at: TopicPartition, offset: bigint, lowOffset: bigint, highOffset: bigint) {
    super(`offset ${offset} of ${at.topic}/${at.partition} is lost: the log holds ${lowOffset} to ${highOffset}`);
    this.topic = at.topic;
    this.partition = at.partition;
    this.offset = offset;
    this.lowOffset = lowOffset;
    this.highOffset = highOffset;
  }
}

/** The brokers refused to store a group's offset (authorization, say); the partition is still held. */
export class CommitRefusedError extends KafkaError {
  override name = "CommitRefusedError";
  readonly topic: string;
  readonly partition: number;
  constructor(at: TopicPartition, cause: unknown) {
    super(`Kafka refused the offset of ${at.topic}/${at.partition}: ${messageOf(cause)}`, { cause });
    this.topic = at.topic;
    this.partition = at.partition;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
