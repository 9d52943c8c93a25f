import { type ChildProcess, spawn } from "node:child_process";
import { root } from "../scripts/published.ts";

/** `npm start` as a newcomer runs it. */
export interface StartedMaru {
  readonly printed: string;
  readonly processGroup: number;
  /** What `export NAME=…` was printed with. */
  exported(name: string): string;
  /** Ctrl-C, as a terminal does it: to the whole process group. Resolves when npm has ended. */
  stop(): Promise<void>;
}

export async function startMaru(): Promise<StartedMaru> {
  const child = spawn("npm", ["start"], { cwd: root, stdio: ["ignore", "pipe", "inherit"], detached: true });
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`npm start ended with code ${code}:\n${printed}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes("Maru is ready.")) resolve();
    });
  });
  return {
    printed,
    processGroup: child.pid ?? 0,
    exported: (name) => new RegExp(`^ {2}export ${name}=(\\S+)$`, "m").exec(printed)?.[1] ?? "",
    stop: () => interrupt(child),
  };
}

async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGINT");
  await exited;
}
