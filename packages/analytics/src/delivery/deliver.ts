import { setTimeout as sleep } from "node:timers/promises";
import { batches } from "./batches.ts";
import type { DeliveryStream } from "./delivery-stream.ts";

export interface Deliverable {
  readonly bytes: Uint8Array;
}

export interface DeliverOptions {
  readonly stream: DeliveryStream;
  readonly random: () => number;
  /** Ends the tries: what was not taken by then is not delivered. */
  readonly signal: AbortSignal;
  /** Tries of one row. Default 8. */
  readonly maxAttempts?: number;
  /** Before the second try; later ones wait up to twice as long each time, at most 2 s. Default 50. */
  readonly firstPauseMs?: number;
}

/** Rows that were not taken, each with the last reason. */
export type Undelivered<Row> = ReadonlyMap<Row, string>;

/** Hands rows over until each is taken, the tries are used up or the time is over. Only what failed is tried again. */
export async function deliver<Row extends Deliverable>(
  rows: readonly Row[],
  options: DeliverOptions,
): Promise<Undelivered<Row>> {
  const { maxAttempts = 8, firstPauseMs = 50 } = options;
  let undelivered = new Map<Row, string>(rows.map((row) => [row, "there was no answer in time"]));
  for (let attempt = 1; undelivered.size > 0; attempt++) {
    undelivered = await tryOnce(undelivered, options);
    if (undelivered.size === 0 || attempt === maxAttempts) break;
    const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), 2_000) * (0.5 + options.random() / 2);
    if (!(await paused(pauseMs, options.signal))) break;
  }
  return undelivered;
}

async function tryOnce<Row extends Deliverable>(
  waiting: ReadonlyMap<Row, string>,
  { stream, signal }: DeliverOptions,
): Promise<Map<Row, string>> {
  const failed = new Map<Row, string>();
  for (const group of batches([...waiting.keys()])) {
    const codes = signal.aborted ? undefined : await put(stream, group, signal);
    for (const [at, row] of group.entries()) {
      // Where the time ended the call, the reason is still the one of the try before.
      const code = codes === undefined ? waiting.get(row) : codes[at];
      if (code !== undefined) failed.set(row, code);
    }
  }
  return failed;
}

/** Undefined when the time ended it. */
async function put(
  stream: DeliveryStream,
  group: readonly Deliverable[],
  signal: AbortSignal,
): Promise<readonly (string | undefined)[] | undefined> {
  try {
    const codes = await stream.put(
      group.map(({ bytes }) => bytes),
      signal,
    );
    if (codes.length === group.length) return codes;
    return group.map(() => `the answer was of ${codes.length} rows, and ${group.length} were sent`);
  } catch (error) {
    if (signal.aborted) return undefined;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return group.map(() => why);
  }
}

async function paused(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false);
}
