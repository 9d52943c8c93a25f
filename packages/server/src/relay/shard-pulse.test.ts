import { expect, it } from "vitest";
import { createShardPulse, stallText } from "./shard-pulse.ts";

it("tells what a shard hangs in once it has not beaten for longer than it may, and no more when it beats", async () => {
  let nowMs = 0;
  const pulse = createShardPulse({ nowMs: () => nowMs }, 30_000);
  const sending = Promise.withResolvers<void>();
  const sent = pulse.during("sending", () => sending.promise);
  nowMs = 30_000;
  expect(pulse.stall()).toBeUndefined();
  nowMs = 31_000;
  expect(pulse.stall()).toEqual({ what: "sending", forMs: 31_000 });
  sending.resolve();
  await sent;
  expect(pulse.stall()).toEqual({ what: undefined, forMs: 31_000 });
  pulse.beat();
  expect(pulse.stall()).toBeUndefined();
});

it("says it in words", () => {
  expect(stallText({ what: "reading", forMs: 31_400 })).toBe("the table's stream has not answered for 31 s");
  expect(stallText({ what: undefined, forMs: 31_400 })).toBe("nothing has happened for 31 s");
});
