import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** Makes a named pipe. */
export async function makeFifo(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
}

/** The writing end, once somebody reads the other; no thread waits for it meanwhile, and `signal` ends the waiting. */
export async function openFifoForWriting(path: string, signal: AbortSignal): Promise<Socket> {
  while (true) {
    signal.throwIfAborted();
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      // ENXIO: nobody reads yet.
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    }
    await delay(2, undefined, { signal });
  }
}
