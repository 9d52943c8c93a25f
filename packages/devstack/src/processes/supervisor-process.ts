// The parent of all engines of one stack, in a session of its own. A terminal's Ctrl-C does not reach it, and it outlives
// the program that asked for the stack by just as long as it takes to end the engines: the IPC channel closes however that
// program ends, SIGKILL included.
//   arguments: <grace in ms between SIGTERM and SIGKILL, 0: SIGKILL at once> <folder to remove at the end, or "">
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import type { FromSupervisor, ToSupervisor } from "./protocol.ts";

const graceMs = Number(process.argv[2]);
let folderToRemove = process.argv[3] ?? "";
/** What an engine gets that has to be ended gently although its data is deleted. */
const LEAST_GRACE_MS = 3_000;
const engines = new Map<number, { child: ChildProcess; endSignal: NodeJS.Signals | undefined }>();
let ending = false;

function tell(message: FromSupervisor): void {
  if (process.connected) process.send?.(message, () => undefined);
}

function start(message: Extract<ToSupervisor, { type: "start" }>): void {
  const { id, command, args, cwd, logFile, env, endSignal } = message;
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", log, log] });
  closeSync(log);
  if (child.pid !== undefined) {
    engines.set(id, { child, endSignal });
    tell({ type: "started", id, pid: child.pid });
  }
  child.on("error", (error) => {
    if (child.pid === undefined) tell({ type: "refused", id, reason: error.message });
  });
  child.once("exit", (code, signal) => {
    engines.delete(id);
    tell({ type: "exited", id, code, signal });
    endIfEmpty();
  });
}

function end(): void {
  if (ending) return;
  ending = true;
  for (const { child, endSignal } of engines.values()) child.kill(endSignal ?? (graceMs > 0 ? "SIGTERM" : "SIGKILL"));
  setTimeout(
    () => {
      for (const { child } of engines.values()) child.kill("SIGKILL");
    },
    Math.max(graceMs, LEAST_GRACE_MS),
  );
  endIfEmpty();
}

function endIfEmpty(): void {
  if (!ending || engines.size > 0) return;
  if (folderToRemove !== "") rmSync(folderToRemove, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  process.exit(0);
}

process.on("message", (message: ToSupervisor) => {
  if (message.type === "keepFolder") folderToRemove = "";
  else if (message.type === "signal") engines.get(message.id)?.child.kill(message.signal);
  else {
    try {
      start(message);
    } catch (error) {
      tell({ type: "refused", id: message.id, reason: String(error) });
    }
  }
});
process.on("disconnect", end);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
if (!process.connected) end();
tell({ type: "ready" });
