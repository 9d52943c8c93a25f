import { Code, ConnectError, type ContextKey, type ContextValues, createContextKey } from "@connectrpc/connect";

/** For server streams whose first message comes at once: a server that does not send it in time is left for the next. */
export const openWithinMs: ContextKey<number | undefined> = createContextKey<number | undefined>(undefined);

/** Opens a stream, and gives it up as DEADLINE_EXCEEDED when it does not begin within {@link openWithinMs}. */
export async function openWithin<R>(
  contextValues: ContextValues | undefined,
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  const limitMs = contextValues?.get(openWithinMs);
  if (limitMs === undefined) return open(signal);
  const late = new AbortController();
  const reason = new ConnectError(`the stream did not begin within ${limitMs} ms`, Code.DeadlineExceeded);
  const timer = setTimeout(() => late.abort(reason), limitMs);
  try {
    return await open(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
