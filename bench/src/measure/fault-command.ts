/** What a long run uses of the command line that it was started from. */
export interface FaultCommand {
  /** Ctrl-C, or SIGTERM. */
  readonly signal: AbortSignal;
  /** A line of progress, with the seconds since the start. */
  say(line: string): void;
}

/** Runs a command until it is done or stopped: exit code 1 for a failure, 130 when it was stopped. */
export async function runFaultCommand(main: (command: FaultCommand) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const say = (line: string) => void process.stderr.write(`${Math.round(performance.now() / 1000)} s  ${line}\n`);
  try {
    await main({ signal: stop.signal, say });
  } catch (error) {
    if (stop.signal.aborted) {
      say(`${stop.signal.reason.message}; all that was started is ended`);
      process.exitCode = 130;
      return;
    }
    const isExpected = error instanceof RangeError || (error instanceof TypeError && "code" in error);
    process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
