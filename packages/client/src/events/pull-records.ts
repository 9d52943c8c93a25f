import type { ConsumedRecord } from "@maru/kafka";

/** A reading that hands its records over, and fetches no more of a partition while they are being taken. */
export type PushedReading = (
  onRecords: (records: readonly ConsumedRecord[]) => Promise<void>,
  signal: AbortSignal,
) => Promise<void>;

/**
 * The records of a reading, for a loop that takes them at its own pace: no more than what is fetched at once waits. Leaving
 * the loop ends the reading. Rejects as the reading does, and with the signal's reason.
 */
export async function* pullRecords(
  start: PushedReading,
  signal: AbortSignal,
): AsyncGenerator<ConsumedRecord, void, undefined> {
  const leaving = new AbortController();
  const waiting: { records: readonly ConsumedRecord[]; taken: () => void }[] = [];
  let wake = Promise.withResolvers<void>();
  let end: { error?: unknown } | undefined;
  const onRecords = (records: readonly ConsumedRecord[]) =>
    new Promise<void>((taken) => {
      if (leaving.signal.aborted) return taken();
      waiting.push({ records, taken });
      wake.resolve();
    });
  const releaseAll = () => {
    leaving.abort();
    for (const { taken } of waiting) taken();
    wake.resolve();
  };
  signal.addEventListener("abort", releaseAll, { once: true });
  const reading = start(onRecords, AbortSignal.any([signal, leaving.signal]))
    .then(
      () => {
        end = {};
      },
      (error) => {
        end = { error };
      },
    )
    .finally(() => wake.resolve());
  try {
    for (;;) {
      signal.throwIfAborted();
      const [first] = waiting;
      if (first !== undefined) {
        for (const record of first.records) {
          signal.throwIfAborted();
          yield record;
        }
        waiting.shift();
        first.taken();
      } else if (end !== undefined) {
        if ("error" in end) throw end.error;
        return;
      } else {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    }
  } finally {
    signal.removeEventListener("abort", releaseAll);
    releaseAll();
    await reading;
  }
}
