/** How a handler fails. */
export interface HandlerFailure<E> {
  /** How often, in all. @default 1 */
  readonly times?: number;
  /** For which events. @default all */
  readonly when?: (event: E) => boolean;
  /** What it throws. @default an Error that says that the test wanted it */
  readonly error?: unknown;
}

/**
 * A handler that fails before it does anything, so often, and then works: to see what a consumer makes of it.
 *
 * @example
 * const handlers = { messageSent: failHandler(push, { times: 2, when: ({ seq }) => seq === 3 }) };
 */
export function failHandler<E, C>(
  handler: (event: E, ctx: C) => unknown,
  { times = 1, when = () => true, error = new Error("the test wants this handler to fail") }: HandlerFailure<E> = {},
): (event: E, ctx: C) => Promise<unknown> {
  let left = times;
  return async (event, ctx) => {
    if (left > 0 && when(event)) {
      left--;
      throw error;
    }
    return handler(event, ctx);
  };
}
