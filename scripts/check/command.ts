import { spawnSync } from "node:child_process";

export const root = new URL("../..", import.meta.url).pathname;

/** Runs a command in the repository; what it printed is the problem when it fails, undefined when it succeeds. */
export function problemOf(command: string, args: readonly string[], cwd = root): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (status === 0) return undefined;
  return `${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`.trimEnd();
}
