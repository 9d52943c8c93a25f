import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../store/control.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import type { OutgoingEvent } from "./to-event.ts";

const event = (key: string): OutgoingEvent => ({ topic: "t", key, value: new Uint8Array(10), headers: {} });
const at = (sequenceNumber: string): Checkpoint => ({ sequenceNumber, committedAtMs: 0 });

function pipelineOver(maxBatchBytes: number) {
  const sends: { keys: string[]; acknowledge: () => void; refuse: (error: Error) => void }[] = [];
  const acknowledged: string[] = [];
  const pipeline = createEventPipeline({
    sink: {
      send(events) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        sends.push({ keys: events.map(({ key }) => key), acknowledge: resolve, refuse: reject });
        return promise;
      },
    },
    maxBatchBytes,
    onAcknowledged: ({ sequenceNumber }) => acknowledged.push(sequenceNumber),
  });
  return { pipeline, sends, acknowledged };
}

/** Lets everything run that waits for nothing from outside. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the pipeline of events", () => {
  it("takes a position for reached only when all events before it are acknowledged", async () => {
    const { pipeline, sends, acknowledged } = pipelineOver(1_000);
    await pipeline.add(event("a"));
    pipeline.mark(at("1"));
    await pipeline.flush();
    expect(acknowledged).toEqual([]);
    sends[0]?.acknowledge();
    await pipeline.settle();
    expect(acknowledged).toEqual(["1"]);
  });

  it("fills the next batch while one is being sent, and then waits", async () => {
    const { pipeline, sends } = pipelineOver(20);
    for (const key of ["a", "b", "c"]) await pipeline.add(event(key));
    let added = false;
    const waiting = pipeline.add(event("d")).then(() => {
      added = true;
    });
    await turn();
    expect(added).toBe(false);
    expect(sends.map(({ keys }) => keys)).toEqual([["a", "b"]]);
    sends[0]?.acknowledge();
    await waiting;
    expect(sends.map(({ keys }) => keys)).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("does not count a record as done whose events lie in two batches until the second is acknowledged", async () => {
    const { pipeline, sends, acknowledged } = pipelineOver(10);
    await pipeline.add(event("first half"));
    sends[0]?.acknowledge();
    await pipeline.add(event("second half"));
    pipeline.mark(at("1"));
    await turn();
    expect(acknowledged).toEqual([]);
    sends[1]?.acknowledge();
    await pipeline.settle();
    expect(acknowledged).toEqual(["1"]);
  });

  it("sends nothing after a batch that failed, and reaches no further position", async () => {
    const { pipeline, sends, acknowledged } = pipelineOver(1_000);
    await pipeline.add(event("a"));
    pipeline.mark(at("1"));
    await pipeline.flush();
    await pipeline.add(event("b"));
    pipeline.mark(at("2"));
    sends[0]?.refuse(new Error("no"));
    await expect(pipeline.settle()).rejects.toThrow("no");
    await expect(pipeline.flush()).rejects.toThrow("no");
    expect(sends).toHaveLength(1);
    expect(acknowledged).toEqual([]);
  });

  it("reaches positions of records that made no event", async () => {
    const { pipeline, sends, acknowledged } = pipelineOver(1_000);
    pipeline.mark(at("1"));
    await pipeline.settle();
    expect(acknowledged).toEqual(["1"]);
    expect(sends).toEqual([]);
  });
});
