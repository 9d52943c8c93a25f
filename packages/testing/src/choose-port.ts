import { createServer } from "node:net";

/** The port that was asked for; else the usual one if nobody has it; else 0, for any free one. Throws for a bad or taken one. */
export async function choosePort(option: string, asked: string | undefined, usual: number): Promise<number> {
  if (asked === undefined) return (await isFree(usual)) ? usual : 0;
  const port = Number(asked);
  if (!/^\d+$/.test(asked) || port > 65_535) {
    throw new RangeError(`--${option} must be a port from 0 to 65535 (0 for a free one), not "${asked}"`);
  }
  if (port !== 0 && !(await isFree(port))) throw new Error(`--${option} ${port}: another program listens there`);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
