/** A message of which people may have to be told. */
export interface WaitingMessage {
  readonly roomId: string;
  /** The entry by which it came to be seen: its own, or that of its commit. */
  readonly seq: number;
  /** The message's own number. */
  readonly messageSeq: number;
  /** A user, or the service that sent. */
  readonly senderId: string;
  readonly text: string;
  /** When this consumer got it, by its own clock. */
  readonly receivedAtMs: number;
}

/** What one sender said in one room within a short time: people are told of it once. */
export interface Burst {
  readonly roomId: string;
  readonly senderId: string;
  /** In order, at least one. */
  readonly messages: readonly WaitingMessage[];
}

/**
 * The bursts that wait no longer: the time begins with a sender's first message, and all that the sender said since belongs to it.
 * A sender who goes on and on is told of once in each time.
 */
export function dueBursts(waiting: readonly WaitingMessage[], windowMs: number, nowMs: number): Burst[] {
  const bursts = Map.groupBy(waiting, ({ roomId, senderId }) => JSON.stringify([roomId, senderId]));
  return [...bursts.values()]
    .map((messages) => [...messages].sort((a, b) => a.seq - b.seq))
    .filter(([first]) => first !== undefined && first.receivedAtMs + windowMs <= nowMs)
    .map((messages) => ({ roomId: messages[0]?.roomId ?? "", senderId: messages[0]?.senderId ?? "", messages }));
}
