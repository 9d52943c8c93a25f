import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, it } from "vitest";
import { bytesOf } from "./entry-bytes.ts";

const sizeOf = (text: string, reactions = 0) =>
  bytesOf({
    entry: create(EntrySchema, {
      body: { case: "messageSent", value: { content: { kind: { case: "text", value: { text } } } } },
    }),
    requestHash: "h",
    appendedAtMs: 0,
    record: {
      contentSeqs: [],
      original: undefined,
      reactions: new Map(Array.from({ length: reactions }, (_, n) => [`user-${n}`, ["👍"]])),
    },
  });

it("an entry weighs what it holds: its text, and what is kept beside it", () => {
  expect(sizeOf("x".repeat(10_000)) - sizeOf("")).toBe(20_000);
  expect(sizeOf("", 100) - sizeOf("")).toBeGreaterThan(100 * 50);
});
