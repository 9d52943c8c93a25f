#!/usr/bin/env node
import { NotMovedError } from "./authority/move-rooms.ts";
import { InterruptedError, UsageError } from "./commands/options.ts";
import { MappingError } from "./mapping/mapping.ts";
import { explainSourceError, SourceError } from "./source/source-error.ts";
import { explainTargetError, TargetError } from "./target/target-error.ts";

const help = `usage: maru-migrate <command> [options]

In the order in which they are used; each has --help. docs/migration.md is the run book.

  plan        check the mapping file, show five rooms before and after, reckon time, write units and cost
  copy        copy all rooms from a snapshot, and make the slot from which following begins
  follow      write what PostgreSQL commits into the rooms that were copied, until they are cut over
  shadow      make reads of the old application's shape on both sides, and count what differs
  reverse     write what happens in rooms that live in Maru back into PostgreSQL
  cutover     move rooms to Maru: some, a share, or all
  cutback     move rooms back to PostgreSQL, with everything that happened in Maru
  verify      compare rooms of both sides: members, order, content, times, deletions, read positions
`;

type Command = (args: readonly string[]) => Promise<void>;

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  plan: async () => (await import("./commands/plan.ts")).plan,
  copy: async () => (await import("./commands/copy.ts")).copy,
  verify: async () => (await import("./commands/verify.ts")).verify,
  cutover: async () => (await import("./commands/move.ts")).cutover,
  cutback: async () => (await import("./commands/move.ts")).cutback,
  reverse: async () => (await import("./commands/reverse.ts")).reverse,
  shadow: async () => (await import("./commands/shadow.ts")).shadow,
  follow: async () => (await import("./commands/follow.ts")).follow,
};

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h") return void process.stdout.write(help);
  const load = commands[name];
  if (load === undefined) throw new UsageError(`there is no command "${name}": see maru-migrate --help`);
  const command = await load();
  await command(args);
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  const explained = explainTargetError(explainSourceError(error));
  const isExpected = [UsageError, MappingError, NotMovedError, SourceError, TargetError, InterruptedError].some(
    (kind) => explained instanceof kind,
  );
  const isArgument =
    error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${isExpected || isArgument ? (explained as Error).message : (explained as Error).stack}\n`);
  process.exitCode = explained instanceof InterruptedError ? 130 : 1;
});
