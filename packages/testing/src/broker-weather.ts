/** What a broker is asked, as {@link BrokerWeather} tells it. */
export type BrokerRequest = "produce" | "fetch" | "commit" | "join" | "ask";

/** What happens to requests on their way: nothing, unless a test wants it. */
export interface BrokerWeather {
  /** Whether a request never reaches the broker, which its sender finds out. Asked at once, so that none overtakes another. */
  loses(request: "commit"): boolean;
  /** Runs before a request reaches the broker. */
  before(request: BrokerRequest): Promise<void>;
  /**
   * Runs before the answer is there. When it rejects, the request was done and its answer is lost: who asked asks again, as
   * the real clients do.
   */
  after(request: BrokerRequest): Promise<void>;
}

/** Everything takes one turn of the event loop at most. */
export const fairWeather: BrokerWeather = {
  loses: () => false,
  before: (request) => (request === "fetch" ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve()),
  after: () => Promise.resolve(),
};
