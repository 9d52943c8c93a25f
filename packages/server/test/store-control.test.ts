import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { createLeases, type Lease, type Leases } from "../src/store/control.ts";
import { testTables } from "./store-tables.ts";

describe("leases of shards", () => {
  let leases: Leases;
  beforeAll(async () => {
    const { client, controlTableName } = await testTables();
    leases = createLeases({ client, tableName: controlTableName });
  });

  const ttlMs = 10_000;
  const shard = (owner: string, nowMs: number, shardId = "shard-1") => ({ streamArn, shardId, owner, ttlMs, nowMs });
  let streamArn = "";
  const acquired = async (owner: string, nowMs: number): Promise<Lease> => {
    const lease = await leases.acquire(shard(owner, nowMs));
    if (lease === undefined) throw new Error(`${owner} did not get the shard`);
    return lease;
  };
  const newStream = () => {
    streamArn = `arn:${randomUUID()}`;
  };

  test("of 16 workers exactly one gets a new shard, without a checkpoint", async () => {
    newStream();
    const given = await Promise.all(Array.from({ length: 16 }, (_, i) => leases.acquire(shard(`worker${i}`, 1_000))));
    const held = given.filter((lease) => lease !== undefined);
    expect(held).toHaveLength(1);
    expect(held[0]).toMatchObject({ epoch: 1, checkpoint: undefined });
  });

  test("a lease is kept by renewing it, and given away once it has expired, with the checkpoint", async () => {
    newStream();
    const first = await acquired("one", 1_000);
    expect(await leases.checkpoint(first, { sequenceNumber: "000123", committedAtMs: 900 })).toEqual({ kind: "held" });
    expect(await leases.renew(first, { ttlMs, nowMs: 9_000 })).toEqual({ kind: "held" });
    expect(await leases.acquire(shard("two", 18_999))).toBeUndefined();
    const second = await leases.acquire(shard("two", 19_000));
    expect(second).toMatchObject({
      owner: "two",
      epoch: 2,
      checkpoint: { sequenceNumber: "000123", committedAtMs: 900 },
    });
  });

  test("an owner whose lease was given away can write nothing more", async () => {
    newStream();
    const first = await acquired("one", 1_000);
    const second = await acquired("two", 20_000);
    await leases.checkpoint(second, { sequenceNumber: "5", committedAtMs: 5 });
    const lost = { kind: "lost" };
    expect(await leases.checkpoint(first, { sequenceNumber: "9", committedAtMs: 9 })).toEqual(lost);
    expect(await leases.renew(first, { ttlMs, nowMs: 20_000 })).toEqual(lost);
    expect(await leases.finish(first)).toEqual(lost);
    expect(await leases.release(first)).toEqual(lost);
    const [state] = await leases.list(streamArn);
    expect(state).toMatchObject({ owner: "two", finished: false, checkpoint: { sequenceNumber: "5" } });
  });

  test("a worker that starts again under its own name gets its shard back under a new epoch", async () => {
    newStream();
    const before = await acquired("one", 1_000);
    const after = await acquired("one", 1_001);
    expect(after.epoch).toBe(before.epoch + 1);
    expect(await leases.checkpoint(before, { sequenceNumber: "1", committedAtMs: 1 })).toEqual({ kind: "lost" });
  });

  test("a released shard is free at once, and its old lease is worth nothing", async () => {
    newStream();
    const lease = await acquired("one", 1_000);
    expect(await leases.release(lease)).toEqual({ kind: "held" });
    expect(await leases.renew(lease, { ttlMs, nowMs: 1_001 })).toEqual({ kind: "lost" });
    expect(await acquired("two", 1_002)).toMatchObject({ epoch: 2 });
  });

  test("a finished shard is leased to nobody", async () => {
    newStream();
    const lease = await acquired("one", 1_000);
    expect(await leases.finish(lease)).toEqual({ kind: "held" });
    expect(await leases.acquire(shard("one", 1_000))).toBeUndefined();
    expect(await leases.acquire(shard("two", 99_000))).toBeUndefined();
    expect(await leases.list(streamArn)).toMatchObject([{ shardId: "shard-1", owner: undefined, finished: true }]);
  });

  test("the shards of one stream are listed, and no others", async () => {
    newStream();
    await leases.acquire(shard("one", 1_000, "shard-a"));
    await leases.acquire(shard("two", 2_000, "shard-b"));
    expect(await leases.list(streamArn)).toEqual([
      { shardId: "shard-a", owner: "one", epoch: 1, expiresAtMs: 11_000, checkpoint: undefined, finished: false },
      { shardId: "shard-b", owner: "two", epoch: 1, expiresAtMs: 12_000, checkpoint: undefined, finished: false },
    ]);
    expect(await leases.list("arn:none")).toEqual([]);
  });
});
