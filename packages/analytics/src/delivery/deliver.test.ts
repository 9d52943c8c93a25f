import { expect, test } from "vitest";
import { batches } from "./batches.ts";
import { deliver } from "./deliver.ts";
import type { DeliveryStream } from "./delivery-stream.ts";

const row = (text: string) => ({ bytes: Buffer.from(text) });
const never = new AbortController().signal;

/** Answers each call by the rows' texts. */
function streamOf(codeOf: (text: string, call: number) => string | undefined) {
  const calls: string[][] = [];
  const stream: DeliveryStream = {
    async put(rows) {
      calls.push(rows.map((bytes) => Buffer.from(bytes).toString()));
      return rows.map((bytes) => codeOf(Buffer.from(bytes).toString(), calls.length));
    },
  };
  return { stream, calls };
}

test("a call has at most 500 rows and 4 MiB, and rows keep their order", () => {
  const rows = Array.from({ length: 1_201 }, (_, n) => row(String(n)));
  expect(batches(rows).map((group) => group.length)).toEqual([500, 500, 201]);
  expect(batches(rows).flat()).toEqual(rows);
  const large = Array.from({ length: 9 }, () => ({ bytes: new Uint8Array(1_000 * 1024) }));
  expect(batches(large).map((group) => group.length)).toEqual([4, 4, 1]);
});

test("only what failed is tried again, until it is taken", async () => {
  const { stream, calls } = streamOf((text, call) =>
    text === "b" && call < 3 ? "ServiceUnavailableException" : undefined,
  );
  const undelivered = await deliver([row("a"), row("b"), row("c")], {
    stream,
    random: () => 0,
    signal: never,
    firstPauseMs: 1,
  });
  expect(undelivered.size).toBe(0);
  expect(calls).toEqual([["a", "b", "c"], ["b"], ["b"]]);
});

test("what is never taken comes back with the last reason", async () => {
  const { stream } = streamOf((text) => (text === "b" ? "InternalFailure" : undefined));
  const [a, b] = [row("a"), row("b")];
  const undelivered = await deliver([a, b], {
    stream,
    random: () => 0,
    signal: never,
    firstPauseMs: 1,
    maxAttempts: 3,
  });
  expect([...undelivered]).toEqual([[b, "InternalFailure"]]);
});

test("a call that throws, and an answer that is too short, leave all of its rows undelivered", async () => {
  const throwing: DeliveryStream = { put: () => Promise.reject(new TypeError("away")) };
  const short: DeliveryStream = { put: async () => [undefined] };
  const options = { random: () => 0, signal: never, firstPauseMs: 1, maxAttempts: 1 };
  const rows = [row("a"), row("b")];
  expect([...(await deliver(rows, { ...options, stream: throwing })).values()]).toEqual(
    Array(2).fill("TypeError: away"),
  );
  expect((await deliver(rows, { ...options, stream: short })).size).toBe(2);
});

test("when the time is over no more is begun", async () => {
  const { stream, calls } = streamOf(() => "ThrottlingException");
  const signal = AbortSignal.timeout(50);
  expect((await deliver([row("a")], { stream, random: () => 0, signal, maxAttempts: 1_000_000 })).size).toBe(1);
  const before = calls.length;
  expect((await deliver([row("a")], { stream, random: () => 0, signal })).size).toBe(1);
  expect(calls.length).toBe(before);
});

test("what the end of the time cuts off keeps the reason of the try before", async () => {
  const time = new AbortController();
  let calls = 0;
  const stream: DeliveryStream = {
    async put(rows, signal) {
      if (++calls === 1) return rows.map(() => "ThrottlingException");
      time.abort();
      throw signal.reason;
    },
  };
  const options = { stream, random: () => 0, signal: time.signal, firstPauseMs: 1 };
  expect([...(await deliver([row("a")], options)).values()]).toEqual(["ThrottlingException"]);
  expect([...(await deliver([row("b")], options)).values()]).toEqual(["there was no answer in time"]);
});
