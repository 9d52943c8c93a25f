import { describe, expect, it } from "vitest";
import type { ShardState } from "../store/control.ts";
import { planShards, shareOf } from "./plan-shards.ts";

const NOW_MS = 10_000;
const shard = (shardId: string, parentShardId?: string) => ({ shardId, parentShardId, open: true });
const state = (shardId: string, part: Partial<ShardState> = {}): ShardState => ({
  shardId,
  owner: undefined,
  epoch: 1,
  expiresAtMs: 0,
  checkpoint: undefined,
  sinceMs: undefined,
  finished: false,
  ...part,
});

describe("the plan of shards", () => {
  it("starts with the shards that have no parent", () => {
    const plan = planShards([shard("child", "root"), shard("root"), shard("other")], [], NOW_MS);
    expect(plan).toEqual({ readable: ["root", "other"], free: ["root", "other"], missed: [] });
  });

  it("starts a child only when its parent was read to the end", () => {
    const shards = [shard("root"), shard("child", "root"), shard("grandchild", "child")];
    expect(planShards(shards, [state("root", { owner: "a", expiresAtMs: 0 })], NOW_MS).readable).toEqual(["root"]);
    expect(planShards(shards, [state("root", { finished: true })], NOW_MS).readable).toEqual(["child"]);
  });

  it("starts a child whose finished parent the stream has forgotten", () => {
    expect(planShards([shard("child", "root")], [state("root", { finished: true })], NOW_MS).free).toEqual(["child"]);
  });

  it("starts a child whose parent was trimmed before the first relay came", () => {
    expect(planShards([shard("child", "root")], [], NOW_MS).free).toEqual(["child"]);
  });

  it("calls a shard missed that was being read and is no longer there, and holds its children back", () => {
    const lost = state("root", { checkpoint: { sequenceNumber: "1", committedAtMs: 1 } });
    expect(planShards([shard("child", "root")], [lost], NOW_MS)).toEqual({
      readable: [],
      free: [],
      missed: [{ ...lost, gone: true }],
    });
  });

  it("does not read a shard without a checkpoint from its start when records may have been trimmed meanwhile", () => {
    const dayMs = 24 * 3_600_000;
    const seen = state("root", { expiresAtMs: 1 });
    const finished = state("root", { expiresAtMs: 1, finished: true });
    const children = [shard("child", "root")];
    expect(planShards([shard("root")], [seen], dayMs)).toEqual({
      readable: [],
      free: [],
      missed: [{ ...seen, gone: false }],
    });
    expect(planShards(children, [finished], dayMs)).toEqual({
      readable: [],
      free: [],
      missed: [{ ...finished, gone: false }],
    });
    expect(planShards([shard("root")], [seen], dayMs - 3_600_000).readable).toEqual(["root"]);
    // With one, the stream itself says whether what follows it is still there.
    const checkpoint = { sequenceNumber: "1", committedAtMs: 1 };
    expect(planShards([shard("root")], [{ ...seen, checkpoint }], dayMs).readable).toEqual(["root"]);
    expect(planShards(children, [finished, state("child", { expiresAtMs: dayMs })], dayMs).readable).toEqual(["child"]);
  });

  it("takes a lease for free once it was released or has expired", () => {
    const shards = ["held", "expired", "released"].map((shardId) => shard(shardId));
    const states = [
      state("held", { owner: "a", expiresAtMs: NOW_MS + 1 }),
      state("expired", { owner: "a", expiresAtMs: NOW_MS }),
      state("released", { expiresAtMs: NOW_MS + 1 }),
    ];
    expect(planShards(shards, states, NOW_MS).free).toEqual(["expired", "released"]);
  });

  it("gives each worker an equal share, rounded up so that no shard is left over", () => {
    expect([shareOf(4, 2), shareOf(5, 2), shareOf(1, 3), shareOf(3, 0)]).toEqual([2, 3, 1, 3]);
  });
});
