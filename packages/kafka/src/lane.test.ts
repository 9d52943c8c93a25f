import { expect, test } from "vitest";
import { MessageTooLargeError, ProducerClosedError, SendRefusedError } from "./errors.ts";
import { Lane, type LaneContext } from "./lane.ts";

const passing = Object.assign(new Error("leader moved"), { retriable: true });
const refusal = Object.assign(new Error("no"), { type: "TOPIC_AUTHORIZATION_FAILED", retriable: false });
const tooLarge = Object.assign(new Error("too large"), { type: "MESSAGE_TOO_LARGE", retriable: false });

function laneWith(attempt: (batch: readonly string[]) => Promise<string>, more: Partial<LaneContext<string>> = {}) {
  const lane = new Lane<string>({
    topic: "t",
    partition: 3,
    maxBatchBytes: 1000,
    maxBatchCount: 3,
    attempt,
    onRetry: () => {},
    signal: new AbortController().signal,
    ...more,
  });
  const push = (message: string) =>
    new Promise<string>((resolve, reject) => lane.push({ message, sizeBytes: 1, resolve, reject }));
  return { push };
}

test("what waits goes out in batches of bounded count, one at a time, and each message learns its offset", async () => {
  const sent: (readonly string[])[] = [];
  let inFlight = 0;
  let offset = 100;
  const { push } = laneWith(async (batch) => {
    expect(++inFlight).toBe(1);
    sent.push(batch);
    await new Promise(setImmediate);
    inFlight--;
    offset += batch.length;
    return String(offset - batch.length);
  });
  const offsets = await Promise.all(["a", "b", "c", "d", "e"].map(push));
  expect(sent).toEqual([
    ["a", "b", "c"],
    ["d", "e"],
  ]);
  expect(offsets).toEqual(["100", "101", "102", "103", "104"]);
});

test("a failed batch is sent again unchanged, although more waits, and before anything later", async () => {
  const sent: (readonly string[])[] = [];
  const waiting: Promise<string>[] = [];
  const { push } = laneWith(async (batch) => {
    sent.push([...batch]);
    if (sent.length === 1) waiting.push(push("late"));
    if (sent.length < 3) throw passing;
    return "0";
  });
  await Promise.all([push("a"), push("b")]);
  await Promise.all(waiting);
  expect(sent).toEqual([["a", "b"], ["a", "b"], ["a", "b"], ["late"]]);
});

test("of a batch that is too large only the message that is too large by itself is refused", async () => {
  const stored: string[] = [];
  const { push } = laneWith(async (batch) => {
    if (batch.includes("huge")) throw tooLarge;
    stored.push(...batch);
    return String(stored.length - batch.length);
  });
  const results = await Promise.allSettled(["a", "huge", "b", "c"].map(push));
  expect(stored).toEqual(["a", "b", "c"]);
  expect(results.map((r) => (r.status === "fulfilled" ? r.value : r.reason.constructor))).toEqual([
    "0",
    MessageTooLargeError,
    "1",
    "2",
  ]);
});

test("a refusal rejects what waits behind it too, so that nothing is stored before what it follows", async () => {
  const stored: string[] = [];
  let calls = 0;
  const { push } = laneWith(async (batch) => {
    if (++calls === 1) throw refusal;
    stored.push(...batch);
    return "0";
  });
  const outcomes = await Promise.allSettled(["a", "b", "c", "d", "e"].map(push));
  expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
  await push("later");
  expect(stored).toEqual(["later"]);
});

test("a refusal rejects its batch and the lane goes on", async () => {
  let calls = 0;
  const { push } = laneWith(async () => {
    if (++calls === 1) throw refusal;
    return "7";
  });
  await expect(push("a")).rejects.toThrow(SendRefusedError);
  expect(await push("b")).toBe("7");
});

test("an abort ends the retries and rejects what is in flight and what waits", async () => {
  const stop = new AbortController();
  const { push } = laneWith(() => Promise.reject(passing), { signal: stop.signal, onRetry: () => stop.abort() });
  const results = await Promise.allSettled(["a", "b", "c", "d"].map(push));
  expect(results.every((r) => r.status === "rejected" && r.reason instanceof ProducerClosedError)).toBe(true);
});

test("an abort does not wait for an attempt that never ends", async () => {
  const stop = new AbortController();
  const { push } = laneWith(() => new Promise(() => stop.abort()), { signal: stop.signal });
  await expect(push("a")).rejects.toThrow(ProducerClosedError);
});
