import { create } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";
import { type Resumed, ResumedSchema } from "@maru/protocol/realtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RoomBuffer, type RoomItem } from "./room-buffer.ts";
import { type FollowWish, RoomFollow } from "./room-follow.ts";

const entry = (seq: number): Entry => create(EntrySchema, { roomId: "r", seq });
const resumed = (requestId: string, afterSeq: number, lastSeq: number, recovered = true): Resumed =>
  create(ResumedSchema, { requestId, roomId: "r", afterSeq, lastSeq, recovered });

function liveAt(after: number, lastSeq = after) {
  const follow = new RoomFollow("r");
  const buffer = new RoomBuffer(after, 100);
  expect(follow.join(buffer)).toBe("resume");
  follow.resuming("1");
  follow.resumed(resumed("1", after, lastSeq));
  return { follow, buffer };
}

const taken = (buffer: RoomBuffer): (number | [number, number])[] => {
  const seen: (number | [number, number])[] = [];
  for (let item = buffer.take(); item !== undefined; item = buffer.take()) {
    seen.push(item.kind === "entry" ? item.seq : [item.after, item.lastSeq]);
  }
  return seen;
};

describe("a followed room", () => {
  test("drops what comes twice, and what comes before its resume is answered", () => {
    const follow = new RoomFollow("r");
    const buffer = new RoomBuffer(3, 100);
    follow.join(buffer);
    expect(follow.resuming("1")).toEqual({ after: 3, unfollowFirst: false });
    follow.entry(entry(4));
    follow.resumed(resumed("1", 3, 5));
    for (const seq of [4, 4, 3, 5, 4]) follow.entry(entry(seq));
    expect(taken(buffer)).toEqual([4, 5]);
  });

  test("does not hand over an entry that leaves a hole, and is followed anew", () => {
    const { follow, buffer } = liveAt(3);
    expect(follow.entry(entry(5))).toBe("resume");
    expect(follow.resuming("2")).toEqual({ after: 3, unfollowFirst: true });
    expect(taken(buffer)).toEqual([]);
  });

  test("is followed anew when a tail says that it misses something", () => {
    const { follow } = liveAt(3);
    expect(follow.tail(3)).toBe("nothing");
    expect(follow.tail(4)).toBe("resume");
  });

  test("gets time to catch up before a tail counts, as long as something comes", () => {
    const { follow } = liveAt(3, 100);
    expect(follow.tail(101)).toBe("nothing");
    follow.entry(entry(4));
    expect(follow.tail(101)).toBe("nothing");
    expect(follow.tail(101)).toBe("resume");
  });

  test("says what does not come, once, and goes on after it", () => {
    const follow = new RoomFollow("r");
    const buffer = new RoomBuffer(3, 100);
    follow.join(buffer);
    follow.resuming("1");
    follow.resumed(resumed("1", 3, 900, false));
    follow.disconnected();
    expect(follow.resuming("2").after).toBe(900);
    follow.resumed(resumed("2", 900, 2000, false));
    follow.entry(entry(2001));
    expect(taken(buffer)).toEqual([[3, 2000], 2001]);
  });

  test("that has lost its end says so, and goes on from the end it has", () => {
    const follow = new RoomFollow("r");
    const buffer = new RoomBuffer(50, 100);
    follow.join(buffer);
    follow.resuming("1");
    follow.resumed(resumed("1", 50, 40, false));
    follow.entry(entry(41));
    expect(taken(buffer)).toEqual([[50, 40], 41]);
  });

  test("keeps a bounded number for a reader that does not read, and fetches the rest when it reads again", () => {
    const follow = new RoomFollow("r");
    const buffer = new RoomBuffer(0, 3);
    follow.join(buffer);
    follow.resuming("1");
    follow.resumed(resumed("1", 0, 0));
    for (let seq = 1; seq <= 10; seq++) follow.entry(entry(seq));
    expect(buffer.isBehind).toBe(true);
    expect(taken(buffer)).toEqual([1, 2, 3]);
    expect(follow.catchUp(buffer)).toBe("resume");
    expect(follow.resuming("2")).toEqual({ after: 3, unfollowFirst: true });
  });

  test("gives a second reader what it lacks without giving the first one anything twice", () => {
    const { follow, buffer } = liveAt(5);
    const second = new RoomBuffer(2, 100);
    expect(follow.join(second)).toBe("resume");
    expect(follow.resuming("2").after).toBe(2);
    follow.resumed(resumed("2", 2, 5));
    for (const seq of [3, 4, 5, 6]) follow.entry(entry(seq));
    expect(taken(buffer)).toEqual([6]);
    expect(taken(second)).toEqual([3, 4, 5, 6]);
  });

  test("moves its position only when the app asks for the next item", () => {
    const { follow, buffer } = liveAt(0);
    follow.entry(entry(1));
    buffer.take();
    expect(buffer.position).toBe(0);
    buffer.take();
    expect(buffer.position).toBe(1);
  });
});

/** What may happen between a gateway and a reader; numbers choose among what is possible at the moment. */
type Step =
  | { readonly do: "append" | "cut" | "connect" | "flush" | "pong" | "lose" | "stray" }
  | { readonly do: "deliver" | "repeat" | "read"; readonly n: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("deliver", "repeat", "read"), n: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("append" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("cut", "connect", "flush", "pong", "lose", "stray") }) },
) as fc.Arbitrary<Step>;

/** A gateway with one room: it answers resumes, sends what happens, and may lose or repeat pushes to this connection. */
class Scene {
  readonly #follow = new RoomFollow("r");
  readonly #buffers: readonly RoomBuffer[];
  readonly seen: RoomItem[][];
  #last = 0;
  #maxResume: number;
  #connected = false;
  #wish = false;
  #request = 0;
  #sent = 0;
  #wire: (() => FollowWish)[] = [];

  constructor(afters: readonly number[], maxItems: number, maxResume: number) {
    this.#maxResume = maxResume;
    this.#buffers = afters.map((after) => new RoomBuffer(after, maxItems));
    this.seen = afters.map(() => []);
    for (const buffer of this.#buffers) this.#want(this.#follow.join(buffer));
  }

  #want(wish: FollowWish): void {
    if (wish === "resume") this.#wish = true;
  }

  run(next: Step): void {
    if (next.do === "append") this.#append();
    if (next.do === "lose") this.#last++;
    if (next.do === "cut") this.#cut();
    if (next.do === "connect") this.#connect();
    if (next.do === "flush") this.#resume();
    if (next.do === "pong") this.#push(() => this.#follow.tail(this.#last));
    if (next.do === "stray") this.#stray();
    if (next.do === "deliver") for (const frame of this.#wire.splice(0, next.n)) this.#want(frame());
    if (next.do === "repeat") this.#repeat(next.n);
    if (next.do === "read") this.#read(next.n);
  }

  /** As a session that follows gets it; one whose resume is not sent yet gets it as any room of its user. */
  #append(): void {
    this.#last++;
    const seq = this.#last;
    this.#sent = seq;
    this.#push(() => this.#follow.entry(entry(seq)));
  }

  #stray(): void {
    const seq = this.#last;
    if (seq > 0) this.#push(() => this.#follow.entry(entry(seq)));
  }

  #repeat(n: number): void {
    const seq = Math.max(1, this.#sent - n);
    if (this.#sent > 0) this.#push(() => this.#follow.entry(entry(seq)));
  }

  #push(frame: () => FollowWish): void {
    if (this.#connected) this.#wire.push(frame);
  }

  #cut(): void {
    this.#connected = false;
    this.#wire = [];
    this.#follow.disconnected();
    this.#wish = true;
  }

  #connect(): void {
    if (this.#connected) this.#cut();
    this.#connected = true;
    this.#resume();
  }

  #resume(): void {
    if (!this.#connected || !this.#wish) return;
    this.#wish = false;
    const requestId = String(++this.#request);
    const { after } = this.#follow.resuming(requestId);
    const last = this.#last;
    const recovered = after <= last && last - after <= this.#maxResume;
    this.#push(() => this.#follow.resumed(resumed(requestId, after, last, recovered)));
    if (!recovered) return;
    for (let seq = after + 1; seq <= last; seq++) this.#push(() => this.#follow.entry(entry(seq)));
  }

  #read(n: number): void {
    for (const [index, buffer] of this.#buffers.entries()) {
      for (let count = 0; count < n; count++) {
        const item = buffer.take();
        if (item === undefined) {
          this.#want(this.#follow.catchUp(buffer));
          break;
        }
        this.seen[index]?.push(item);
      }
    }
  }

  /** Everything works again: a pong tells of what was lost, and readers read. */
  settle(): number {
    this.run({ do: "connect" });
    for (let round = 0; round < 200; round++) {
      this.run({ do: "pong" });
      this.run({ do: "deliver", n: 1e6 });
      this.run({ do: "read", n: 1e6 });
      this.run({ do: "flush" });
    }
    return this.#last;
  }
}

test("whatever is cut, lost, repeated or out of place, each reader sees each entry once and in order", () => {
  const readers = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(
      readers,
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 120 }),
      (afters, maxItems, steps) => {
        const scene = new Scene(afters, maxItems, 1e6);
        for (let seq = 0; seq < 3; seq++) scene.run({ do: "append" });
        for (const next of steps) scene.run(next);
        const last = scene.settle();
        for (const [index, after] of afters.entries()) {
          const seqs = scene.seen[index]?.map((item) => (item.kind === "entry" ? item.seq : "gap"));
          expect(seqs).toEqual(Array.from({ length: last - after }, (_, at) => after + 1 + at));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("with gateways that bring only so much, each entry is seen or lies in a gap, never both and never neither", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 120 }), (maxItems, steps) => {
      const scene = new Scene([0], maxItems, 2);
      for (const next of steps) scene.run(next);
      const last = scene.settle();
      let at = 0;
      for (const item of scene.seen[0] ?? []) {
        expect(item.kind === "entry" ? item.seq - 1 : item.after).toBe(at);
        at = item.kind === "entry" ? item.seq : item.lastSeq;
      }
      expect(at).toBe(last);
    }),
    { numRuns: 200 },
  );
});
