/** What a command gets of the process. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** To stdout. */
  print(text: string): void;
  /** To stderr: what is no result. */
  note(text: string): void;
}

/** One command of `maru-client`. */
export interface Command {
  readonly help: string;
  /** Its exit code: 0 all is well, 1 not. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

/** The command line makes no sense; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const help = `usage: maru-client COMMAND [options]

  tail           prints events as they happen, with the time that each part of their way took
  dead-letters   lists, shows and redrives what a consumer group could not handle
  lag            prints how far a consumer group is behind
  where-is       follows one entry through table, stream and topic to the consumer groups

maru-client COMMAND --help says more. With Kafka's package, which all but the last need:

  npx -p @maru/client -p @maru/kafka maru-client tail

Exit codes: 0 all is well, 1 it failed, 2 the command line makes no sense.
`;

const commands: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  tail: () => import("./tail.ts"),
  "dead-letters": () => import("./dead-letters.ts"),
  lag: () => import("./lag.ts"),
  "where-is": () => import("./where-is.ts"),
};

/** Loads a command. Throws a UsageError when there is none of that name, and says so when Kafka's package is missing. */
export async function findCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) throw new UsageError(`${name} is not a command: see maru-client --help`);
  try {
    return (await load()).command;
  } catch (cause) {
    if (!isMissingKafka(cause)) throw cause;
    const message = `${name} reads Kafka: install @maru/kafka beside @maru/client (npm install @maru/kafka)`;
    throw new Error(message, { cause });
  }
}

function isMissingKafka(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes("@maru/kafka")
  );
}
