import { toJsonString } from "@bufbuild/protobuf";
import { RoomEventSchema } from "@maru/protocol";
import { choosePort } from "./choose-port.ts";
import { createFirstRoom, nextSteps } from "./next-steps.ts";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

export interface ServeOptions {
  readonly grpcPort: string | undefined;
  readonly httpPort: string | undefined;
  /** Whose token is printed. */
  readonly service: string;
  /** Whether each event of the topic is printed, as a line of JSON. */
  readonly events: boolean;
}

const usualGrpcPort = 50_051;
const usualHttpPort = 8080;

/** Serves until the signal is aborted. */
export async function serveCommand(
  options: ServeOptions,
  print: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const grpcPort = await choosePort("grpc-port", options.grpcPort, usualGrpcPort);
  const httpPort = await choosePort("http-port", options.httpPort, usualHttpPort);
  if (options.grpcPort === undefined && grpcPort === 0) print(`port ${usualGrpcPort} is taken: gRPC has another one\n`);
  if (options.httpPort === undefined && httpPort === 0) print(`port ${usualHttpPort} is taken: HTTP has another one\n`);
  const maru = await startTestMaru({ grpcPort, httpPort });
  try {
    const { grpcAddress, httpAddress } = maru;
    const served = { grpcAddress, httpAddress, service: options.service, token: await maru.token(options.service) };
    print(nextSteps(served, await createFirstRoom(served)));
    if (options.events) await printEvents(maru, print, stop);
    else await aborted(stop);
  } finally {
    await maru.close();
  }
}

async function printEvents(maru: TestMaru, print: (text: string) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of maru.events({ signal })) print(`${toJsonString(RoomEventSchema, event)}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
