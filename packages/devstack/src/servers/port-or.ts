import { createServer } from "node:net";
import { freePorts } from "../free-ports.ts";

/** The port that was asked for; else the usual one if nobody has it; else a free one. */
export async function portOr(asked: string | undefined, usual: number): Promise<number> {
  if (asked !== undefined) {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Error(`a port is a number from 1 to 65535, not "${asked}"`);
    return port;
  }
  if (await isFree(usual)) return usual;
  const [free = 0] = await freePorts(1);
  return free;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
