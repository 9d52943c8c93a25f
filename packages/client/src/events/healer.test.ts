import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { EntrySchema, ErrorReason, type ListEntriesRequest } from "@maru/protocol";
import { expect, test } from "vitest";
import { MaruError } from "../errors.ts";
import { createHealer } from "./healer.ts";
import type { EntrySource } from "./subscribe.ts";
import type { ConsumerWarning } from "./warning.ts";

type Asked = Pick<ListEntriesRequest, "roomId" | "after" | "pageSize">;

/** A healer over a log of 60 entries, each of whose reads may fail first. */
function startHealer(beforeRead: (asked: Asked) => Promise<void> | void = () => {}) {
  const asked: Asked[] = [];
  const warnings: ConsumerWarning[] = [];
  const listEntries = async (request: Asked) => {
    asked.push(request);
    await beforeRead(request);
    const { roomId, after, pageSize } = request;
    const seqs = Array.from({ length: 60 }, (_, at) => at + 1).filter((seq) => seq > after);
    const entries = seqs.slice(0, pageSize).map((seq) => create(EntrySchema, { roomId, seq, type: "x" }));
    return { entries, nextPageToken: seqs.length > pageSize ? "more" : "" };
  };
  const source = { events: { listEntries } } as unknown as EntrySource;
  const healer = createHealer({ source, random: () => 0, warn: (warning) => void warnings.push(warning) });
  const fill = async (roomId: string, firstSeq: number, lastSeq?: number) =>
    (await healer.fill({ roomId, firstSeq, lastSeq }, AbortSignal.timeout(10_000))).items;
  return { asked, warnings, healer, fill };
}

const refusal = (code: Code, reason = ErrorReason.UNSPECIFIED) => new MaruError({ message: "no", reason, code });

test("one read fetches what is missing and the entry behind it, which proves the hole", async () => {
  const { asked, fill } = startHealer();
  expect((await fill("r", 42, 44)).map((item) => item.kind !== "gap" && item.seq)).toEqual([42, 43, 44]);
  expect(asked).toEqual([{ roomId: "r", after: 41, pageSize: 4 }]);
});

test.each([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Unauthenticated, Code.Unknown])(
  "an error that may pass (%s) is waited for and told, and never makes a gap",
  async (code) => {
    let failures = 20;
    const { warnings, fill } = startHealer(() => {
      if (failures-- > 0) throw refusal(code);
    });
    expect(await fill("r", 42, 42)).toMatchObject([{ kind: "unknown", seq: 42, healed: true }]);
    expect(warnings.map((warning) => [warning.code, warning.roomId, warning.seq])).toEqual(
      Array(5).fill(["healDelayed", "r", 42]),
    );
  },
);

test.each([
  [refusal(Code.PermissionDenied, ErrorReason.CALLER_NOT_ALLOWED), "noPermission"],
  [refusal(Code.NotFound, ErrorReason.ROOM_NOT_FOUND), "notFound"],
  [refusal(Code.NotFound, ErrorReason.ENTRY_PURGED), "purged"],
])("a refusal makes a gap of the hole: %s, %s", async (error, reason) => {
  const { fill } = startHealer(() => {
    throw error;
  });
  expect(await fill("r", 42, 44)).toEqual([
    { kind: "gap", roomId: "r", firstMissingSeq: 42, lastMissingSeq: 44, reason, cause: error },
  ]);
  await expect(fill("r", 42)).rejects.toBe(error);
});

test("an entry on which a server fails again and again, even alone, is unreadable, and those beside it are not", async () => {
  const { asked, fill } = startHealer(({ after, pageSize }) => {
    if (after < 43 && after + pageSize >= 43) throw refusal(Code.Internal, ErrorReason.INTERNAL);
  });
  expect(await fill("r", 42, 44)).toMatchObject([{ seq: 42 }]);
  expect(asked.map(({ pageSize }) => pageSize)).toEqual([4, 4, 4, 1]);
  expect(await fill("r", 43, 44)).toMatchObject([{ kind: "gap", firstMissingSeq: 43, lastMissingSeq: 43 }]);
  expect(await fill("r", 44, 44)).toMatchObject([{ seq: 44 }]);
});

test("reads are few at once, and none begins while very much waits to be handed over", async () => {
  const gate = Promise.withResolvers<void>();
  const { asked, healer, fill } = startHealer(() => gate.promise);
  const fills = Array.from({ length: 100 }, (_, at) => fill(`room-${at}`, 1));
  await expect.poll(() => asked.length).toBe(4);
  gate.resolve();
  // 2000 items are 34 rooms of 60; those that are under way may come on top.
  await expect.poll(() => asked.length).toBeGreaterThanOrEqual(34);
  await new Promise(setImmediate);
  expect(asked.length).toBeLessThanOrEqual(38);
  healer.release(60 * 38);
  await expect.poll(() => asked.length).toBeGreaterThanOrEqual(68);
  healer.release(10_000);
  await Promise.all(fills);
});
