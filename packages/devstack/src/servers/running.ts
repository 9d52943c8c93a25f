import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAlive } from "../processes/is-alive.ts";

/** What a running `npm start` tells the other commands of this checkout. */
export interface Running {
  readonly pid: number;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly brokers: readonly string[];
  readonly dynamodbEndpoint: string;
  readonly token: string;
}

const file = join(import.meta.dirname, "../../../../.maru/running.json");

export async function announce(running: Running): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
}

export async function forget(running: Running): Promise<void> {
  const current = await findRunning();
  if (current?.pid === running.pid) await rm(file, { force: true });
}

/** The running `npm start` of this checkout; undefined when there is none. */
export async function findRunning(): Promise<Running | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const running = JSON.parse(text) as Running;
  return isAlive(running.pid) ? running : undefined;
}
