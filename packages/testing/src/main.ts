#!/usr/bin/env node
import { parseArgs } from "node:util";

const help = `usage: maru-testing serve [options]

Runs the real Maru server over a store in memory, on 127.0.0.1, until SIGINT or SIGTERM. Nothing else is needed.

  --grpc-port N     port for gRPC (default 50051, or a free one when that is taken; 0 for a free one)
  --http-port N     port for Connect, gRPC-Web and probes (default 8080, or a free one; 0 for a free one)
  --service NAME    the calling service that the printed token is for (default demo)
  --events          print each event that Kafka would get, as a line of JSON
  --help            this text
`;

/** Aborted when this program is to stop. */
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "grpc-port": { type: "string" },
      "http-port": { type: "string" },
      service: { type: "string", default: "demo" },
      events: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [command, ...others] = positionals;
  if (values.help || command === undefined) return void process.stdout.write(help);
  if (command !== "serve" || others.length > 0) {
    throw new Error(`${positionals.join(" ")} is not a command: see maru-testing --help`);
  }
  if (values.service === "") throw new Error("--service must be a name");
  const stop = stopSignal();
  const { serveCommand } = await import("./serve-command.ts");
  await serveCommand(
    { grpcPort: values["grpc-port"], httpPort: values["http-port"], service: values.service, events: values.events },
    (text) => process.stdout.write(text),
    stop,
  );
}

await main().catch((error: unknown) => {
  process.stderr.write(`maru-testing: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
