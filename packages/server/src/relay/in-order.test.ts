import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRoomOrder } from "./in-order.ts";

interface LogRecord {
  readonly roomId: string;
  readonly seq: number;
}

describe("the order of rooms", () => {
  it("takes the first entry that it sees of a room as the room's position", () => {
    const order = createRoomOrder(10);
    expect(order.decide("a", 41)).toEqual({ kind: "emit" });
    expect(order.decide("a", 42)).toEqual({ kind: "emit" });
    expect(order.decide("b", 1)).toEqual({ kind: "emit" });
  });

  it("calls what was emitted, and what is older, a repeat", () => {
    const order = createRoomOrder(10);
    order.decide("a", 7);
    expect(order.decide("a", 7)).toEqual({ kind: "repeat" });
    expect(order.decide("a", 3)).toEqual({ kind: "repeat" });
    expect(order.decide("a", 8)).toEqual({ kind: "emit" });
  });

  it("names the hole before an entry, and emits the entry only when the hole is closed", () => {
    const order = createRoomOrder(10);
    order.decide("a", 1);
    expect(order.decide("a", 4)).toEqual({ kind: "hole", from: 2, to: 3 });
    expect(order.decide("a", 2)).toEqual({ kind: "emit" });
    expect(order.decide("a", 4)).toEqual({ kind: "hole", from: 3, to: 3 });
    expect(order.decide("a", 3)).toEqual({ kind: "emit" });
    expect(order.decide("a", 4)).toEqual({ kind: "emit" });
  });

  it("forgets the room that it saw longest ago when there are too many", () => {
    const order = createRoomOrder(2);
    for (const roomId of ["a", "b", "c"]) order.decide(roomId, 1);
    expect(order.decide("a", 5)).toEqual({ kind: "emit" });
    expect(order.decide("c", 5)).toEqual({ kind: "hole", from: 2, to: 4 });
  });

  it("emits each room densely, whatever the stream leaves out or repeats", () => {
    const records = fc.array(
      fc.record({ roomId: fc.constantFrom("a", "b", "c"), seq: fc.integer({ min: 1, max: 30 }) }),
    );
    fc.assert(
      fc.property(records, (seen) => {
        const order = createRoomOrder(10);
        const emitted = seen.flatMap((record) => emitWithHoles(order, record));
        for (const seqs of seqsByRoom(emitted).values())
          expect(seqs).toEqual(seqs.map((_, index) => index + (seqs[0] ?? 0)));
      }),
    );
  });
});

/**
 * Workers without any fence share one stream: each reads on from the checkpoint that it once found, however long ago,
 * and moves the checkpoint to what is acknowledged, or is refused because another holds the lease by now.
 */
describe("several workers on one shard", () => {
  const step = fc.record({
    worker: fc.nat(2),
    action: fc.oneof(
      { weight: 6, arbitrary: fc.constant("emit" as const) },
      { weight: 3, arbitrary: fc.constant("acknowledge" as const) },
      { weight: 1, arbitrary: fc.constant("take over" as const) },
    ),
  });
  const stream = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 40 }).map(toRecords);

  it("disorder no first occurrence, however they repeat, sleep and come back", () => {
    fc.assert(
      fc.property(stream, fc.array(step, { maxLength: 200 }), (records, steps) => {
        for (const seqs of seqsByRoom(firstOccurrences(runWorkers(records, steps))).values())
          expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      }),
      { numRuns: 500 },
    );
  });

  it("leave nothing out once one of them has read to the end", () => {
    fc.assert(
      fc.property(stream, fc.array(step, { maxLength: 200 }), (records, steps) => {
        const toTheEnd = records.map(() => ({ worker: 0, action: "emit" as const }));
        const topic = runWorkers(records, [...steps, { worker: 0, action: "take over" }, ...toTheEnd]);
        expect(new Set(topic.map(nameOf))).toEqual(new Set(records.map(nameOf)));
      }),
      { numRuns: 200 },
    );
  });
});

interface Step {
  readonly worker: number;
  readonly action: "emit" | "acknowledge" | "take over";
}

function runWorkers(records: readonly LogRecord[], steps: readonly Step[]): LogRecord[] {
  const topic: LogRecord[] = [];
  let checkpoint = 0;
  let epoch = 0;
  const start = () => ({ at: checkpoint, epoch, order: createRoomOrder(10) });
  const workers = [start(), start(), start()];
  for (const { worker: index, action } of steps) {
    const worker = workers[index] ?? start();
    const record = records[worker.at];
    if (action === "take over") {
      epoch++;
      workers[index] = start();
    } else if (action === "acknowledge") {
      if (worker.epoch === epoch) checkpoint = worker.at;
    } else if (record !== undefined) {
      topic.push(...emitWithHoles(worker.order, record));
      worker.at++;
    }
  }
  return topic;
}

function emitWithHoles(order: ReturnType<typeof createRoomOrder>, record: LogRecord): LogRecord[] {
  const decision = order.decide(record.roomId, record.seq);
  if (decision.kind === "repeat") return [];
  if (decision.kind === "emit") return [record];
  const missing = { roomId: record.roomId, seq: decision.from };
  return [...emitWithHoles(order, missing), ...emitWithHoles(order, record)];
}

function toRecords(roomIds: readonly string[]): LogRecord[] {
  const lastSeqs = new Map<string, number>();
  return roomIds.map((roomId) => {
    const seq = (lastSeqs.get(roomId) ?? 0) + 1;
    lastSeqs.set(roomId, seq);
    return { roomId, seq };
  });
}

function firstOccurrences(topic: readonly LogRecord[]): LogRecord[] {
  return [...new Map(topic.map((record) => [nameOf(record), record])).values()];
}

function seqsByRoom(records: readonly LogRecord[]): Map<string, number[]> {
  const byRoom = new Map<string, number[]>();
  for (const { roomId, seq } of records) byRoom.set(roomId, [...(byRoom.get(roomId) ?? []), seq]);
  return byRoom;
}

function nameOf({ roomId, seq }: LogRecord): string {
  return `${roomId}/${seq}`;
}
