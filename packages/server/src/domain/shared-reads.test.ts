import { describe, expect, it } from "vitest";
import { createSharedReads } from "./shared-reads.ts";

/** Reads that end when they are told to. */
function slowReads() {
  const under: PromiseWithResolvers<number>[] = [];
  const shared = createSharedReads();
  const ask = (key = "room") =>
    shared.read(key, () => {
      const one = Promise.withResolvers<number>();
      under.push(one);
      return one.promise;
    });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { under, ask, turn };
}

describe("reads that are shared", () => {
  it("begin after everybody who gets their answer has asked", async () => {
    const { under, ask, turn } = slowReads();
    const first = ask();
    const later = [ask(), ask(), ask()];
    expect(under).toHaveLength(1);
    under[0]?.resolve(1);
    expect(await first).toBe(1);
    await turn();
    expect(under).toHaveLength(2);
    const last = ask();
    under[1]?.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await turn();
    under[2]?.resolve(3);
    expect(await last).toBe(3);
    expect(under).toHaveLength(3);
  });

  it("keep nothing when nobody asks any more", async () => {
    const { under, ask, turn } = slowReads();
    const first = ask();
    under[0]?.resolve(1);
    await first;
    await turn();
    const second = ask();
    expect(under).toHaveLength(2);
    under[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it("of different things do not wait for each other", () => {
    const { under, ask } = slowReads();
    void ask("one");
    void ask("two");
    expect(under).toHaveLength(2);
  });

  it("that fail, fail for those who shared them and for nobody else", async () => {
    const { under, ask, turn } = slowReads();
    const first = ask();
    const second = ask();
    under[0]?.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await turn();
    under[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
