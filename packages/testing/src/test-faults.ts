/** Which events of the topic a fault is about. What is left out is not asked for; `{}` is every event. */
export interface WhichEvents {
  readonly roomId?: string;
  /** Number of the entry in its room. */
  readonly seq?: number;
  /** The entry's type as the contract spells it: `message_sent`. */
  readonly type?: string;
}

/** A fault that is going on. With `using` it ends with its block. */
export interface Fault extends Disposable {
  /** How often it has struck. */
  readonly count: number;
  /** It strikes no more, and what it held back comes. May be called again. */
  end(): void;
}

/**
 * What goes wrong between a server and its consumers, when a test wants it. Events come into the topic before the call that
 * made them returns, so faults of events are set before the call, except for `repeat`.
 *
 * @example
 * using hole = maru.faults.hole({ roomId, type: "message_sent" });
 * await client.messages.send({ roomId, actor: user("ada"), content: text("lost on the way") });
 * expect(hole.count).toBe(1);
 */
export interface TestFaults {
  /**
   * What is in the topic comes again, at once and in its order: as from a relay that goes on at an older checkpoint. Answers
   * how many events it was.
   */
  repeat(which?: WhichEvents): number;
  /** The next event that matches never comes into the topic; the table has it. @param times how many of them, default 1 */
  hole(which?: WhichEvents, times?: number): Fault;
  /** The next event that matches comes after the one behind it in its room. @param times how many of them, default 1 */
  disorder(which?: WhichEvents, times?: number): Fault;
  /** Events that match, and those behind them in their rooms, come no sooner than this ends. */
  delay(which?: WhichEvents): Fault;
  /** No event comes until this ends. Then all do, in order. */
  relayDown(): Fault;
  /**
   * Calls that need the table answer `UNAVAILABLE` until this ends, and so do those with which a consumer fetches entries.
   * The client of `@maru/client` repeats what is safe to repeat, for as long as its deadline lets it.
   */
  serverUnavailable(): Fault;
  /** The group takes all partitions from its members and shares them out anew. Resolves when they have them. */
  rebalance(group: string): Promise<void>;
  /**
   * The group gives the partitions of its longest member away, which does not know: it handles on, beside whoever has them
   * now, and its commits are refused. When the fault ends, it notices, and joins again. With one member only, nobody has
   * them meanwhile.
   */
  expel(group: string): Fault;
  /** The group forgets how far it is, as brokers do when it was idle for too long: what joins next begins anew. */
  forgetOffsets(group: string): void;
  /** All that is in the topic now is dropped, as retention does it: a group that had not read it finds its offset lost. */
  dropRecords(): void;
}
