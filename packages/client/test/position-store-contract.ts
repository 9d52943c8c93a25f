import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { PositionStore } from "../src/events/index.ts";

/** What goes wrong with one commit: it does not arrive, or it is stored and nobody is told. */
export type CommitFault = "lost" | "unanswered";

/** One engine with positions in it, as several consumers see it. */
export interface PositionWorld<Tx> {
  /** What one consumer has. Several share what is stored. With a fault, its first commit meets it. */
  open(fault?: CommitFault): PositionStore<Tx>;
  /** Appends to a journal without a unique key, in the transaction. */
  append(tx: Tx, roomId: string, line: string): Promise<void> | void;
  /** The lines of a room that are stored, in any order. */
  journal(roomId: string): Promise<string[]>;
}

/** What every position store must do. Each test has rooms of its own. */
export function positionStoreContract<Tx>(name: string, makeWorld: () => Promise<PositionWorld<Tx>>): void {
  describe(name, () => {
    const group = "payments";
    let world: PositionWorld<Tx>;
    beforeAll(async () => {
      world = await makeWorld();
    });

    interface Room {
      readonly roomId: string;
      load(of?: string): Promise<number | undefined>;
      process(seq: number, store?: PositionStore<Tx>, previousSeq?: number): Promise<"processed" | "repeat">;
      lines(): Promise<string[]>;
    }

    function openRoom(store = world.open()): Room {
      const roomId = randomUUID();
      return {
        roomId,
        load: (of = group) => store.load(of, roomId),
        process: (seq, by = store, previousSeq) =>
          by.process({ group, roomId, seq, previousSeq }, async (tx) => world.append(tx, roomId, String(seq))),
        lines: async () => (await world.journal(roomId)).sort((a, b) => Number(a) - Number(b)),
      };
    }

    test("a room has no position before its first event, and afterwards that event's, with what its handler wrote", async () => {
      const room = openRoom();
      expect(await room.load()).toBeUndefined();
      expect(await room.process(7)).toBe("processed");
      expect(await room.load()).toBe(7);
      expect(await room.lines()).toEqual(["7"]);
    });

    test("the position is that of one group: another one has its own", async () => {
      const store = world.open();
      const room = openRoom(store);
      await room.process(3);
      expect(await room.load("search")).toBeUndefined();
      const step = { group: "search", roomId: room.roomId, seq: 1, previousSeq: undefined };
      expect(await store.process(step, async () => {})).toBe("processed");
      expect([await room.load("search"), await room.load()]).toEqual([1, 3]);
    });

    test("the largest number that an entry can have is kept exactly", async () => {
      const room = openRoom();
      await room.process(2 ** 32 - 1);
      expect(await room.load()).toBe(2 ** 32 - 1);
    });

    test("a repeat, or an event from before the position, has no effect", async () => {
      const room = openRoom();
      expect(await room.process(5)).toBe("processed");
      expect(await room.process(5)).toBe("repeat");
      expect(await room.process(5, world.open(), 4)).toBe("repeat");
      expect(await room.process(4, world.open(), 3)).toBe("repeat");
      expect(await room.lines()).toEqual(["5"]);
      expect(await room.load()).toBe(5);
    });

    test("a consumer that starts anew does not call the handler for what is done", async () => {
      const room = openRoom();
      await room.process(5);
      let calls = 0;
      const step = { group, roomId: room.roomId, seq: 5, previousSeq: undefined };
      expect(await world.open().process(step, async () => void calls++)).toBe("repeat");
      expect(calls).toBe(0);
    });

    test("when the handler throws, its error comes out, nothing is stored, and the next try is whole", async () => {
      const store = world.open();
      const room = openRoom(store);
      const error = new Error("no cover");
      const failing = store.process({ group, roomId: room.roomId, seq: 1, previousSeq: undefined }, async (tx) => {
        await world.append(tx, room.roomId, "1");
        throw error;
      });
      await expect(failing).rejects.toBe(error);
      expect(await room.lines()).toEqual([]);
      expect(await room.load()).toBeUndefined();
      expect(await room.process(1)).toBe("processed");
      expect(await room.lines()).toEqual(["1"]);
    });

    test("a commit that does not arrive leaves nothing behind, and the next consumer does all of it", async () => {
      const room = openRoom();
      await room.process(1);
      await expect(room.process(2, world.open("lost"), 1)).rejects.toThrow();
      expect(await room.lines()).toEqual(["1"]);
      expect(await room.load()).toBe(1);
      expect(await room.process(2, world.open(), undefined)).toBe("processed");
      expect(await room.lines()).toEqual(["1", "2"]);
    });

    test("a commit whose answer is lost has its effect once, whether the same consumer comes again or the next", async () => {
      const room = openRoom();
      const store = world.open("unanswered");
      const outcome = await room.process(2, store, 1).catch(() => "unknown");
      expect(["processed", "unknown"]).toContain(outcome);
      expect(await room.process(2, store, 1)).toBe("repeat");
      expect(await room.process(2, world.open())).toBe("repeat");
      expect(await room.lines()).toEqual(["2"]);
    });

    test("a name gets the position 0 together with a step, unless it has one, or the step is a repeat", async () => {
      const store = world.open();
      const room = openRoom(store);
      const note = (seq: number, roomId: string) => {
        const step = { group, roomId: room.roomId, seq, previousSeq: undefined };
        return store.process(step, async (tx) => void (await store.ensure(tx, { group, roomId })));
      };
      const [name, other] = [`${room.roomId}/1`, `${room.roomId}/2`];
      expect(await note(1, name)).toBe("processed");
      expect([await store.load(group, name), await room.load()]).toEqual([0, 1]);
      expect(await note(1, other)).toBe("repeat");
      expect(await store.load(group, other)).toBeUndefined();
      const step = { group, roomId: name, seq: 1, previousSeq: undefined };
      expect(await store.process(step, async (tx) => world.append(tx, room.roomId, "again"))).toBe("processed");
      expect(await note(2, name)).toBe("processed");
      expect([await store.load(group, name), await room.load()]).toEqual([1, 2]);
      expect(await room.lines()).toEqual(["again"]);
    });

    test("of two consumers that process one event at once, one has an effect", async () => {
      const room = openRoom();
      await room.process(1);
      const outcomes = await Promise.all([1, 2].map(() => room.process(2, world.open(), 1)));
      expect(outcomes.sort()).toEqual(["processed", "repeat"]);
      expect(await room.lines()).toEqual(["1", "2"]);
    });

    test("of two consumers whose first event of a new room is the same, one has an effect", async () => {
      const room = openRoom();
      const outcomes = await Promise.all([1, 2].map(() => room.process(1, world.open())));
      expect(outcomes.sort()).toEqual(["processed", "repeat"]);
      expect(await room.lines()).toEqual(["1"]);
    });

    test("a consumer that lost its partition and comes late moves no position back", async () => {
      const room = openRoom();
      const late = world.open();
      await room.process(1, late);
      for (const seq of [2, 3, 4]) await room.process(seq, world.open(), seq - 1);
      expect(await room.process(2, late, 1)).toBe("repeat");
      expect(await room.load()).toBe(4);
      expect(await room.lines()).toEqual(["1", "2", "3", "4"]);
    });

    test("when three consumers race through a room, each event has its effect once and the position never goes back", async () => {
      const room = openRoom();
      const seqs = Array.from({ length: 12 }, (_, index) => index + 1);
      const seen: number[] = [];
      let isOver = false;
      const watching = (async () => {
        while (!isOver) seen.push((await room.load()) ?? 0);
      })();
      const processed: number[] = [];
      const racers = [1, 2, 3].map(async () => {
        const store = world.open();
        for (const seq of seqs) if ((await room.process(seq, store, seq - 1)) === "processed") processed.push(seq);
      });
      await Promise.all(racers).finally(() => {
        isOver = true;
      });
      await watching;
      expect(processed.sort((a, b) => a - b)).toEqual(seqs);
      expect(await room.lines()).toEqual(seqs.map(String));
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    });

    test("rooms do not wait for one another", async () => {
      const store = world.open();
      const slow = openRoom(store);
      const quick = openRoom(store);
      const gate = Promise.withResolvers<void>();
      const step = { group, roomId: slow.roomId, seq: 1, previousSeq: undefined };
      const waiting = store.process(step, async () => gate.promise);
      expect(await quick.process(1)).toBe("processed");
      gate.resolve();
      expect(await waiting).toBe("processed");
    });

    test("what a handler leaves behind cannot write when it has ended", async () => {
      const store = world.open();
      const room = openRoom(store);
      let left: Tx | undefined;
      const step = { group, roomId: room.roomId, seq: 1, previousSeq: undefined };
      await store.process(step, async (tx) => {
        left = tx;
      });
      await expect((async () => world.append(left as Tx, room.roomId, "late"))()).rejects.toThrow(
        `the handler of entry 1 of room ${room.roomId} had ended`,
      );
      expect(await room.lines()).toEqual([]);
    });
  });
}
