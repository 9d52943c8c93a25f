import { type ChunkOrigin, startTcpProxy, type TcpProxy } from "@maru/devstack";
import { expect, test } from "vitest";
import type { EventSink } from "../src/relay/event-sink.ts";
import type { OutgoingEvent } from "../src/relay/to-event.ts";
import { until } from "./relay-world.ts";

export interface StoredEvent {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** While they are lost, the place stores what it is sent and nobody is told. */
export interface Answers {
  lost: boolean;
}

/** A sink, and the place to which it sends, with a connection between them that can be broken. */
export interface SinkPlace extends AsyncDisposable {
  readonly sink: EventSink;
  readonly topic: string;
  /** All sends go through it. */
  readonly proxy: TcpProxy;
  readonly answers: Answers;
  closeSink(): Promise<void>;
  /** What is stored, repeats included; of each key in the order in which it is stored. */
  stored(): Promise<readonly StoredEvent[]>;
}

/** What every sink promises to whoever relays. */
export function sinkContract(openPlace: () => Promise<SinkPlace>): void {
  test("what is sent is stored with its topic, key, headers and bytes", async () => {
    await using place = await openPlace();
    const sizes = [0, 1, 31, 32, 255, 256, 65_535, 65_536];
    const sent = sizes.map((sizeBytes, at) => event(place.topic, `room-${at}`, Buffer.alloc(sizeBytes, 0xf0 + at)));
    await place.sink.send(sent);
    const stored = await place.stored();
    expect(byKey(stored)).toEqual(byKey(sent));
  });

  test("events of one key are stored in the order of the calls, also when many calls wait at once", async () => {
    await using place = await openPlace();
    const rooms = ["a", "b", "c"];
    const calls = Array.from({ length: 30 }, (_, call) =>
      rooms.flatMap((room) => [0, 1].map((half) => numbered(place.topic, room, call * 2 + half))),
    );
    await Promise.all(calls.map((events) => place.sink.send(events)));
    const stored = await place.stored();
    for (const room of rooms) expect(numbersOf(stored, room)).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  test("a send resolves only when the place has answered that it is stored, and what comes later waits behind it", async () => {
    await using place = await openPlace();
    await place.sink.send([numbered(place.topic, "a", 0)]);
    place.answers.lost = true;
    const settled: number[] = [];
    const sends = [1, 2, 3].map(async (n) => {
      await place.sink.send([numbered(place.topic, "a", n)]);
      settled.push(n);
    });
    await until(
      async () => numbersOf(await place.stored(), "a").includes(1),
      () => settled,
    );
    expect(settled).toEqual([]);
    place.proxy.cut();
    place.answers.lost = false;
    place.proxy.resume();
    await Promise.all(sends);
    expect(settled).toEqual([1, 2, 3]);
    const stored = numbersOf(await place.stored(), "a");
    expect([...new Set(stored)]).toEqual([0, 1, 2, 3]);
  });

  test("an outage only delays: nothing is lost, first occurrences stay in order", async () => {
    await using place = await openPlace();
    await place.sink.send([numbered(place.topic, "a", 0)]);
    place.proxy.cut();
    const sends = Array.from({ length: 20 }, (_, n) => place.sink.send([numbered(place.topic, "a", n + 1)]));
    place.proxy.resume();
    await Promise.all(sends);
    const stored = numbersOf(await place.stored(), "a");
    expect([...new Set(stored)]).toEqual(Array.from({ length: 21 }, (_, n) => n));
  });

  test("what is not stored when the sink is closed is rejected", async () => {
    await using place = await openPlace();
    await place.sink.send([numbered(place.topic, "a", 0)]);
    place.proxy.cut();
    const sending = place.sink.send([numbered(place.topic, "a", 1)]);
    const rejected = expect(sending).rejects.toThrow(/closed|sent/);
    await place.closeSink();
    await rejected;
    await expect(place.sink.send([numbered(place.topic, "a", 2)])).rejects.toThrow(/closed|sent/);
    expect(numbersOf(await place.stored(), "a")).toEqual([0]);
  });
}

export function numbered(topic: string, key: string, n: number): OutgoingEvent {
  return event(topic, key, Buffer.from([0xff, n]));
}

function event(topic: string, key: string, value: Buffer): OutgoingEvent {
  return { topic, key, value, headers: { ce_id: `${key}/${value.byteLength}`, seq: "7" } };
}

export function numbersOf(stored: readonly StoredEvent[], key: string): number[] {
  return stored.filter((one) => one.key === key).map(({ value }) => value.at(-1) ?? -1);
}

function byKey(events: readonly { key: string; topic: string; value: Uint8Array; headers: object }[]) {
  return events
    .map(({ topic, key, value, headers }) => ({ topic, key, headers, value: Buffer.from(value).toString("hex") }))
    .sort((a, b) => a.key.localeCompare(b.key));
}

/** A connection to the place on which answers can be lost. */
export function startSinkProxy(target: string, answers: Answers): Promise<TcpProxy> {
  const onChunk = (chunk: Buffer, { from }: ChunkOrigin) =>
    answers.lost && from === "upstream" ? Buffer.alloc(0) : chunk;
  return startTcpProxy({ target, onChunk });
}
