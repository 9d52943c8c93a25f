import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { type Entry, EntrySchema, ErrorReason, ListEntriesResponseSchema } from "@maru/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MaruError } from "../errors.ts";
import { createHealer } from "./healer.ts";
import { readRoom, seqBeforeTime } from "./read-room.ts";
import type { EntrySource } from "./subscribe.ts";

const { signal } = new AbortController();
const entryOf = (seq: number, ms = seq): Entry =>
  create(EntrySchema, { roomId: "r", seq, type: "poll_started", createdAt: timestampFromMs(ms) });

/** A room that has these entries, in pages as a server gives them. */
function roomOf(entries: readonly Entry[]): EntrySource & { calls: number } {
  const source = {
    calls: 0,
    events: {
      async listEntries({ after = 0, pageSize = 50 }: { after?: number; pageSize?: number }) {
        source.calls++;
        const later = entries.filter(({ seq }) => seq > after);
        const nextPageToken = later.length > pageSize ? "more" : "";
        return create(ListEntriesResponseSchema, { entries: later.slice(0, pageSize), nextPageToken });
      },
    },
  };
  return source as EntrySource & { calls: number };
}

function reading(source: EntrySource, after: number, before?: number) {
  const healer = createHealer({ source, random: () => 0, warn: () => {} });
  return readRoom(healer, { roomId: "r", after, before }, signal);
}

async function shortOf(reading: ReturnType<typeof readRoom>): Promise<(number | string)[]> {
  const all = await Array.fromAsync(reading);
  return all.map((what) =>
    what.kind === "gap" ? `${what.firstMissingSeq}-${what.lastMissingSeq} ${what.reason}` : what.seq,
  );
}

test("a room is read page by page, and what retention took is a gap where it would stand", async () => {
  const seqs = [1, 4, ...Array.from({ length: 450 }, (_, at) => 6 + at)];
  const source = roomOf(seqs.map((seq) => entryOf(seq)));
  const whole = await shortOf(reading(source, 0));
  expect(whole).toEqual([1, "2-3 purged", 4, "5-5 purged", ...seqs.slice(2)]);
  expect(source.calls).toBe(3);
});

test("a part of a room is read, and no more of it", async () => {
  const source = roomOf([1, 2, 3, 7, 8].map((seq) => entryOf(seq)));
  const part = (after: number, before: number) => shortOf(reading(source, after, before));
  expect(await part(1, 3)).toEqual([2]);
  expect(await part(2, 6)).toEqual([3, "4-5 purged"]);
  expect(await part(3, 8)).toEqual(["4-6 purged", 7]);
  expect(await part(8, 11)).toEqual(["9-10 notFound"]);
  expect(source.calls).toBe(4);
});

test("a room that may not be read is a gap where the end is known, and the server's error where it is not", async () => {
  const denied = new MaruError({ message: "no", reason: ErrorReason.CALLER_NOT_ALLOWED, code: Code.PermissionDenied });
  const source: EntrySource = { events: { listEntries: () => Promise.reject(denied) } };
  expect(await shortOf(reading(source, 2, 5))).toEqual(["3-4 noPermission"]);
  await expect(shortOf(reading(source, 2))).rejects.toBe(denied);
});

test("the entry before a time is found in any room, with few reads", async () => {
  const steps = fc.array(fc.record({ seq: fc.integer({ min: 1, max: 9 }), ms: fc.nat(5) }), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(250), async (gaps, timeMs) => {
      let [seq, ms] = [0, 0];
      const entries = gaps.map((step) => {
        [seq, ms] = [seq + step.seq, ms + step.ms];
        return entryOf(seq, ms);
      });
      const source = roomOf(entries);
      const older = entries.filter(({ createdAt }) => createdAt && timestampMs(createdAt) < timeMs);
      expect(await seqBeforeTime(source, "r", timeMs, signal)).toBe(older.at(-1)?.seq ?? 0);
      expect(source.calls).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(seq + 2)) + 2);
    }),
  );
});
