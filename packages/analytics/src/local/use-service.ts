import { startStack } from "@maru/devstack";
import { findRunning, openFleet } from "@maru/devstack/servers";

/** A Maru whose table the lake is fed from. */
export interface UsedService extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly token: string;
  readonly dynamodbEndpoint: string;
}

/** The running `npm start` of this checkout, or engines and a server of its own that end with it. */
export async function useService(say: (line: string) => void): Promise<UsedService> {
  const running = await findRunning();
  if (running !== undefined) {
    say(`using the running Maru at ${running.grpcAddress}`);
    return { ...running, [Symbol.asyncDispose]: async () => undefined };
  }
  say('no "npm start" is running: starting engines and a server for the time being …');
  await using starting = new AsyncDisposableStack();
  const { dynamodb, kafka } = starting.use(await startStack({ dynamodb: true, kafka: true, onProgress: say }));
  if (dynamodb === undefined || kafka === undefined) throw new Error("an engine is missing");
  const fleet = starting.use(await openFleet({ dynamodbEndpoint: dynamodb.endpoint, brokers: kafka.brokers }));
  await fleet.setUp();
  const { grpcAddress } = await fleet.startServer({ name: "server" });
  const token = await fleet.token("lake");
  const started = starting.move();
  return {
    grpcAddress,
    token,
    dynamodbEndpoint: dynamodb.endpoint,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
