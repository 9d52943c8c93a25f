#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { admin } from "./commands/admin.ts";
import { cards } from "./commands/cards.ts";
import { policyProblems } from "./commands/policy-problems.ts";
import { relayDeadLetters } from "./commands/relay-dead-letters.ts";
import { serve } from "./commands/serve.ts";
import { setup } from "./commands/setup.ts";
import { ConfigError, readConfig } from "./config.ts";
import { signServiceToken, signUserToken } from "./identity/tokens.ts";

const help = `usage: maru-server <command>

  serve                      serve with the roles of MARU_ROLES, until SIGTERM or SIGINT
  setup                      create tables and topics, or check those that exist; may be run again
  token --service NAME       print a token for a service, signed with MARU_TOKEN_KEY
  token --user ID            print a token with which a user connects to a gateway
        [--ttl-seconds N]    valid for so long (default 86400)
  admin <command>            erase users, export and verify rooms, watch jobs: see maru-server admin --help
  cards <command>            register types of cards, list and show them: see maru-server cards --help
  check-policy --file FILE   say whether a policy file is good, and all that is wrong with it

Settings come from the environment: docs/config.md lists them.
`;

/** Commands with options of their own, run against a server. */
const remoteCommands = new Map([
  ["admin", admin],
  ["cards", cards],
]);
const remoteCommand = remoteCommands.get(process.argv[2] ?? "");
const { values, positionals } = parseArgs({
  args: process.argv.slice(2, remoteCommand === undefined ? undefined : 3),
  allowPositionals: true,
  options: {
    service: { type: "string" },
    user: { type: "string" },
    "ttl-seconds": { type: "string", default: "86400" },
    file: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const command = positionals[0];
  if (command === "admin" && process.argv[3] === "relay-dead-letters")
    return relayDeadLetters(
      process.argv.slice(4),
      () => readConfig(process.env),
      (line) => process.stdout.write(`${line}\n`),
    );
  if (remoteCommand !== undefined) return remoteCommand(process.argv.slice(3), process.env.MARU_TOKEN);
  if (values.help || command === undefined) return void process.stdout.write(help);
  if (command === "check-policy") return checkPolicy();
  const config = readConfig(process.env);
  switch (command) {
    case "serve":
      return runServer();
    case "setup":
      return setup(config, (line) => process.stdout.write(`${line}\n`));
    case "token":
      return printToken();
    default:
      throw new ConfigError([`${command} is not a command: see maru-server --help`]);
  }

  async function checkPolicy(): Promise<void> {
    if (values.file === undefined) throw new ConfigError(["check-policy needs --file FILE"]);
    const problems = policyProblems(await readFile(values.file, "utf8"));
    if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${values.file}: ${problem}`));
    process.stdout.write(`${values.file} is good\n`);
  }

  async function runServer(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    await using server = await serve(config);
    if (config.policyFile !== undefined) process.on("SIGHUP", () => server.reload());
    await stopped;
    await server.drain();
  }

  async function printToken(): Promise<void> {
    const { service, user: userId } = values;
    if (!config.tokenKey) throw new ConfigError(["token needs MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE"]);
    const ttlSeconds = Number(values["ttl-seconds"]);
    const options = { key: config.tokenKey, ttlSeconds, issuer: config.tokenIssuer };
    if ((service === undefined) === (userId === undefined)) {
      throw new ConfigError(["token needs --service NAME or --user ID"]);
    }
    const token =
      service !== undefined
        ? await signServiceToken({ ...options, service, audience: config.tokenAudience })
        : await signUserToken({ ...options, userId: userId ?? "", audience: config.userTokenAudience });
    process.stdout.write(`${token}\n`);
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
});
