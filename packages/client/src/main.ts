#!/usr/bin/env node
import { findCommand, help, UsageError } from "./cli/commands.ts";

/** Aborted when this program is to stop. A second Ctrl-C ends it at once. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  // npx puts a shell between itself and this program. A SIGTERM for npx ends the shell, which does not hand it on.
  if (process.env.npm_command === "exec") {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stopping.abort(), 200).unref();
  }
  return stopping.signal;
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help);
    return;
  }
  const command = await findCommand(name);
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(command.help);
    return;
  }
  const signal = stopSignal();
  try {
    process.exitCode = await command.run(args, {
      env: process.env,
      signal,
      print: (text) => void process.stdout.write(text),
      note: (text) => void process.stderr.write(text),
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

// Whoever reads the output may stop doing so, like `head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`maru-client: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof TypeError || error instanceof RangeError ? 2 : 1;
});
