/**
 * What a function hands to its callback, as something to iterate over: the callback waits until a batch was worked on. To
 * leave the loop ends the function through its signal.
 */
export async function* batchesOf<T>(
  run: (take: (batch: T[]) => Promise<void>, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<T[], void> {
  const left = new AbortController();
  let taken = Promise.withResolvers<void>();
  let next = Promise.withResolvers<T[] | undefined>();
  const take = async (batch: T[]) => {
    taken = Promise.withResolvers<void>();
    const working = taken.promise;
    next.resolve(batch);
    await working;
  };
  const running = run(take, AbortSignal.any([signal, left.signal]));
  running.then(
    () => next.resolve(undefined),
    (error: unknown) => next.reject(error),
  );
  try {
    for (;;) {
      const batch = await next.promise;
      if (batch === undefined) return;
      next = Promise.withResolvers<T[] | undefined>();
      yield batch;
      taken.resolve();
    }
  } finally {
    // Nobody waits for it any more.
    next.promise.catch(() => undefined);
    left.abort(new Error("the reader went away"));
    taken.resolve();
    await running.catch(() => undefined);
  }
}
