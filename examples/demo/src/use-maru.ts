import { startStack } from "@maru/devstack";
import { findRunning, openFleet } from "@maru/devstack/servers";

export interface UsedMaru extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly token: string;
  readonly brokers: readonly string[];
  /** Keeps the server's log after the end, and says where it is. */
  keepLog(): string;
}

/** The running `npm start` of this checkout, or engines and a server of its own that end with it. */
export async function useMaru(say: (line: string) => void): Promise<UsedMaru> {
  const running = await findRunning();
  if (running !== undefined) {
    say(`using the running Maru at ${running.grpcAddress}`);
    const keepLog = () => 'where "npm start" said';
    return { ...running, keepLog, [Symbol.asyncDispose]: async () => {} };
  }
  say('no "npm start" is running: starting engines and a server for the time being …');
  await using starting = new AsyncDisposableStack();
  const stack = starting.use(await startStack({ dynamodb: true, kafka: true, onProgress: say }));
  if (stack.dynamodb === undefined || stack.kafka === undefined) throw new Error("an engine is missing");
  const { endpoint } = stack.dynamodb;
  const fleet = starting.use(await openFleet({ dynamodbEndpoint: endpoint, brokers: stack.kafka.brokers }));
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  const token = await fleet.token("demo");
  const started = starting.move();
  return {
    grpcAddress: server.grpcAddress,
    httpAddress: server.httpAddress,
    token,
    brokers: stack.kafka.brokers,
    keepLog() {
      fleet.keepLogs();
      return server.logFile;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
