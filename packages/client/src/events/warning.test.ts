import type { ConsumerStall } from "@maru/kafka";
import { expect, test } from "vitest";
import { stallWarning } from "./warning.ts";

const partitions = Array.from({ length: 5 }, (_, partition) => {
  return { topic: "t", partition, position: 7n, highOffset: 9n };
});

test("the warning of a stall says for how long, what does not come, and what is done", () => {
  const stall: ConsumerStall = { what: "behind", partitions, quietMs: 20_400, willRejoin: true };
  expect(stallWarning("push", stall)).toEqual({
    code: "stalled",
    stall,
    message:
      "group push has been without events for 20 s: events are there and do not come " +
      "(t/0 at 7 of 9, t/1 at 7 of 9, t/2 at 7 of 9 and 2 others); it joins anew",
  });
});

test("it names what the brokers answered", () => {
  const cause = new Error("no leader");
  const stall: ConsumerStall = { what: "unanswered", partitions: [], quietMs: 30_000, willRejoin: false, cause };
  expect(stallWarning("push", stall)).toMatchObject({
    cause,
    message:
      "group push has been without events for 30 s: nothing comes, and the brokers do not say whether something is there: no leader",
  });
});
