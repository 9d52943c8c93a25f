import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { ServiceCall } from "./service-call.ts";

/**
 * A request's body, until its call is interrupted, by its deadline for example: a body that never comes would hold
 * back the answer. The call is asked for when reading begins, for its headers open it. A body that is too large comes, and
 * may be left before its end.
 */
export async function* untilInterrupted(
  body: AsyncIterable<Uint8Array>,
  callOfBody: () => ServiceCall | undefined,
  onInterrupted: () => void,
): AsyncGenerator<Uint8Array> {
  const call = callOfBody();
  // Not for await: it would close the connection before the answer is sent.
  const iterator = body[Symbol.asyncIterator]();
  const interrupted = call === undefined ? undefined : interruptionOf(call, onInterrupted, iterator);
  for (;;) {
    const read = iterator.next();
    const next = await (interrupted === undefined ? read : Promise.race([read, interrupted]));
    if (next.done === true) return;
    yield next.value;
  }
}

/**
 * A body that may be left before its end. The rest is read and thrown away: were the connection cut, or the client kept
 * waiting for its turn to send, the answer would not arrive.
 */
export async function* keptOpen(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  let atEnd = false;
  try {
    for (;;) {
      const next = await iterator.next();
      atEnd = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!atEnd) throwAway(iterator);
  }
}

function throwAway(body: AsyncIterator<Uint8Array>): void {
  const readOn = async () => {
    while ((await body.next()).done !== true);
  };
  // A body that breaks off is over, too.
  readOn().catch(() => {});
}

function interruptionOf(call: ServiceCall, onInterrupted: () => void, body: AsyncIterator<Uint8Array>): Promise<never> {
  const { signal } = call;
  const interruption = new Promise<never>((_resolve, reject) => {
    const listener = () => {
      if (isTooLarge(signal.reason)) throwAway(body);
      else onInterrupted();
      // What interrupts the call has its answer ready only after the signal's listeners have run.
      queueMicrotask(() => reject(call.answer ?? signal.reason));
    };
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
  });
  interruption.catch(() => {});
  return interruption;
}

function isTooLarge(reason: unknown): boolean {
  return reason instanceof MaruError && reason.reason === ErrorReason.REQUEST_TOO_LARGE;
}
