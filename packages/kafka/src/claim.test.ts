import { expect, test } from "vitest";
import { Claim, type FetchControl } from "./claim.ts";
import { CommitRefusedError } from "./errors.ts";

function claimAt(offset: bigint) {
  const calls: string[] = [];
  const control: FetchControl = {
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
    seek: (_, to) => calls.push(`seek ${to}`),
  };
  const claim = new Claim({ topic: "t", partition: 1 }, control);
  claim.release(offset);
  calls.length = 0;
  return { claim, calls };
}

const failing = (type: string, retriable: boolean) => Object.assign(new Error(type), { type, retriable });

test("a batch from elsewhere is dropped and the right place is fetched again", () => {
  const { claim, calls } = claimAt(50n);
  expect(claim.follows(50n)).toBe(true);
  expect(claim.follows(100n)).toBe(false);
  expect(calls).toEqual(["seek 50"]);
  expect(claim.position).toBe(50n);
});

test("a jump ahead that repeats itself after fetching again is the driver's step over control records", () => {
  const { claim } = claimAt(50n);
  expect(claim.follows(60n)).toBe(false);
  expect(claim.follows(60n)).toBe(true);
  expect(claim.position).toBe(60n);
});

test("a batch from behind is never taken", () => {
  const { claim } = claimAt(50n);
  expect(claim.follows(40n)).toBe(false);
  expect(claim.follows(40n)).toBe(false);
  expect(claim.position).toBe(50n);
});

test("what the owner pauses stays paused when the driver lets go", () => {
  const { claim, calls } = claimAt(0n);
  claim.pause();
  claim.hold();
  claim.release(5n);
  expect(claim.flowing).toBe(false);
  expect(calls).not.toContain("resume");
  claim.resume();
  expect(claim.flowing).toBe(true);
});

test("a lost claim commits nothing and moves nothing", async () => {
  const { claim, calls } = claimAt(0n);
  const committed: unknown[] = [];
  claim.commitThrough(async (offsets) => void committed.push(offsets));
  claim.lose();
  expect(await claim.commit(5n)).toBe(false);
  claim.pause();
  claim.resume();
  claim.seek(9n);
  expect({ committed, calls }).toEqual({ committed: [], calls: [] });
});

test("a commit that meets the end of the generation is not repeated under the next one", async () => {
  const { claim } = claimAt(0n);
  let tries = 0;
  claim.commitThrough(async () => {
    tries++;
    throw failing("ILLEGAL_GENERATION", false);
  });
  expect(await claim.commit(5n)).toBe(false);
  expect(tries).toBe(1);
});

test("a commit that fails for a moment is tried again, and a refused one throws", async () => {
  const { claim } = claimAt(0n);
  let tries = 0;
  claim.commitThrough(async () => {
    if (++tries < 2) throw failing("GROUP_LOAD_IN_PROGRESS", true);
  });
  expect(await claim.commit(5n)).toBe(true);
  claim.commitThrough(() => Promise.reject(failing("GROUP_AUTHORIZATION_FAILED", false)));
  await expect(claim.commit(6n)).rejects.toThrow(CommitRefusedError);
});
