import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ERROR_DOMAIN,
  ErrorInfoSchema,
  ErrorReason,
  reasonName,
  type WatchRoomResponse,
  WatchRoomResponseSchema,
} from "@maru/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Maru } from "./connect.ts";
import { toMaruError } from "./errors.ts";
import { watchRoom } from "./watch-room.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const seqs = (...all: number[]) =>
  create(WatchRoomResponseSchema, {
    kind: { case: "entries", value: { entries: all.map((seq) => ({ roomId: "r1", seq })) } },
  });
const alive = create(WatchRoomResponseSchema, { kind: { case: "heartbeat", value: { lastSeq: 0 } } });
const ending = create(WatchRoomResponseSchema, { kind: { case: "ending", value: { resumeAfter: 0 } } });
const unknown = create(WatchRoomResponseSchema, {});

function refusal(code: Code, reason: ErrorReason): ConnectError {
  const value = { domain: ERROR_DOMAIN, reason: reasonName(reason), metadata: {} };
  return new ConnectError("refused", code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

type Step = WatchRoomResponse | ConnectError | "silence" | "cut";

/** Plays one script for each stream that is opened; then nothing comes any more. */
function events(...scripts: readonly (readonly Step[])[]) {
  const opened: number[] = [];
  let running = 0;
  async function* play(after: number, signal: AbortSignal | undefined): AsyncGenerator<WatchRoomResponse> {
    const script = scripts[opened.push(after) - 1] ?? ["silence"];
    running += 1;
    try {
      for (const step of script) {
        if (step instanceof ConnectError) throw toMaruError(step, 1);
        if (step === "cut") return;
        if (step === "silence") {
          await new Promise((resolve) => {
            if (signal?.aborted) resolve(undefined);
            signal?.addEventListener("abort", resolve);
          });
          throw toMaruError(new ConnectError("aborted", Code.Canceled));
        } else yield step;
      }
    } finally {
      running -= 1;
    }
  }
  const watch: Pick<Maru["events"], "watchRoom"> = {
    watchRoom: ({ after = 0 }, options) => play(after, options?.signal),
  };
  const maru = { events: watch as Maru["events"] };
  return { maru, opened, running: () => running };
}

async function take(watched: AsyncIterable<{ readonly seq: number }>, count: number): Promise<number[]> {
  const seen: number[] = [];
  for await (const { seq } of watched) if (seen.push(seq) === count) break;
  return seen;
}

test("entries come one by one, and leaving the loop ends the stream", async () => {
  const { maru, opened, running } = events([seqs(8, 9), alive, unknown, seqs(10), "silence"]);
  expect(await take(watchRoom(maru, { roomId: "r1", after: 7 }), 3)).toEqual([8, 9, 10]);
  expect(opened).toEqual([7]);
  expect(running()).toBe(0);
});

test("whatever ends the stream, the next one begins behind the last entry, and none comes twice", async () => {
  const { maru, opened } = events(
    [seqs(1, 2), ending],
    [alive, seqs(3), new ConnectError("reset", Code.Unavailable)],
    [new ConnectError("nobody", Code.Unavailable)],
    [seqs(4), new ConnectError("RST_STREAM", Code.Internal)],
    [seqs(3, 4, 5), refusal(Code.Unavailable, ErrorReason.DRAINING)],
    [seqs(6), "cut"],
    [seqs(7), refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE)],
    [seqs(8)],
  );
  const interrupted: string[] = [];
  const onInterrupted = ({ message }: Error) => interrupted.push(message);
  expect(await take(watchRoom(maru, { roomId: "r1" }, { onInterrupted }), 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(opened).toEqual([0, 2, 3, 3, 4, 5, 6, 7]);
  expect(interrupted).toEqual([
    "[UNAVAILABLE] reset",
    "[UNAVAILABLE] nobody",
    "[INTERNAL] RST_STREAM",
    "[DRAINING] refused",
    "[UNAVAILABLE] the stream ended without a word",
    "[STORE_UNAVAILABLE] refused",
  ]);
});

test("a stream that is silent for two and a half heartbeats is given up for another one", async () => {
  const { maru, opened } = events([seqs(1), "silence"], [seqs(2)]);
  const interrupted: string[] = [];
  const onInterrupted = ({ message }: Error) => interrupted.push(message);
  const taken = take(watchRoom(maru, { roomId: "r1", heartbeatMs: 1_000 }, { onInterrupted }), 2);
  await vi.advanceTimersByTimeAsync(2_499);
  expect(interrupted).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await taken).toEqual([1, 2]);
  expect(opened).toEqual([0, 1]);
  expect(interrupted).toEqual(["[UNAVAILABLE] the stream was silent for 2500 ms"]);
});

test("the time that the loop takes is no silence", async () => {
  const { maru, opened } = events([seqs(1), alive, seqs(2)]);
  const seen: number[] = [];
  for await (const { seq } of watchRoom(maru, { roomId: "r1", heartbeatMs: 1_000 })) {
    await vi.advanceTimersByTimeAsync(10_000);
    if (seen.push(seq) === 2) break;
  }
  expect(opened).toEqual([0]);
});

test.each([
  ErrorReason.ROOM_NOT_FOUND,
  ErrorReason.ENTRY_PURGED,
  ErrorReason.SEQ_BEYOND_END,
  ErrorReason.TOKEN_INVALID,
])("what another try would not mend is thrown (reason %i)", async (reason) => {
  const { maru, opened, running } = events([seqs(1), ending], [refusal(Code.FailedPrecondition, reason)]);
  await expect(take(watchRoom(maru, { roomId: "r1" }), 2)).rejects.toMatchObject({ reason });
  expect(opened).toEqual([0, 1]);
  expect(running()).toBe(0);
});

test("an error that no server gave is final where nothing had come yet", async () => {
  const { maru } = events([new ConnectError("no such path", Code.Unimplemented)]);
  await expect(take(watchRoom(maru, { roomId: "r1" }), 1)).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
});

test("an entry that was left out is an error", async () => {
  const { maru, running } = events([seqs(1), seqs(3)]);
  await expect(take(watchRoom(maru, { roomId: "r1" }), 2)).rejects.toThrow("the server left out entry 2");
  expect(running()).toBe(0);
});

test("the signal ends a watch that waits for entries, for a part that was begun, and between two streams", async () => {
  const waiting = new AbortController();
  const silent = take(watchRoom(events([alive, "silence"]).maru, { roomId: "r1" }, waiting), 1);
  waiting.abort(new Error("the user left"));
  await expect(silent).rejects.toMatchObject({ reason: ErrorReason.CANCELLED });

  const within = new AbortController();
  const reading = (async () => {
    for await (const _entry of watchRoom(events([seqs(1, 2, 3)]).maru, { roomId: "r1" }, within)) within.abort();
  })();
  await expect(reading).rejects.toMatchObject({ reason: ErrorReason.CANCELLED });

  const between = new AbortController();
  const away = Array.from({ length: 20 }, () => [new ConnectError("nobody", Code.Unavailable)]);
  const options = { signal: between.signal, onInterrupted: () => between.abort() };
  const retrying = take(watchRoom(events(...away).maru, { roomId: "r1" }, options), 1);
  await expect(retrying).rejects.toMatchObject({ reason: ErrorReason.CANCELLED });
});
