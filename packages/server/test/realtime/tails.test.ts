import { type Stack, scratchName, startStack } from "@maru/devstack";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRedis, type RedisConnection } from "../../src/realtime/redis-connection.ts";
import { createTails } from "../../src/realtime/tails.ts";
import { textEntry } from "../store-fixtures.ts";
import { silentLog } from "./nodes.ts";

let stack: Stack;
let redis: RedisConnection;
beforeAll(async () => {
  stack = await startStack({ redis: true });
  redis = openRedis({ nodes: stack.redis?.nodes ?? [], timeoutMs: 2_000, log: silentLog });
  await redis.whenReady();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await stack.close();
});

test("a room's tail is the newest entry that was ever raised, in whatever order and however often", async () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(seqs, fc.integer({ min: 1, max: 3 }), async (raised, servers) => {
      const room = scratchName("r");
      const tails = Array.from({ length: servers }, () => createTails(redis));
      await Promise.all(raised.map((seq, index) => tails[index % servers]?.raise(textEntry(room, seq).entry)));
      const newest = Math.max(...raised);
      expect(await tails[0]?.readSeq(room)).toBe(newest);
      expect(await tails[0]?.readEntries([room, `${room}-other`])).toEqual([
        expect.objectContaining({ seq: newest, roomId: room }),
        undefined,
      ]);
    }),
    { numRuns: 40 },
  );
});

test("ids of any printable characters have places of their own", async () => {
  const tails = createTails(redis);
  const ids = ["{", "}", "{}", "{a}b", "a}{b", "%7B", "ü {x", "}{"].map((id) => `${id}${scratchName("r")}`);
  await Promise.all(ids.map((id, index) => tails.raise(textEntry(id, index + 1).entry)));
  expect(await Promise.all(ids.map((id) => tails.readSeq(id)))).toEqual(ids.map((_, index) => index + 1));
});
