import { connectMaru, type Maru, service, text, user } from "@maru/client";
import {
  type ReplayedEvent,
  ReplayHandlerError,
  ReplayIncompleteError,
  type ReplayOptions,
  ReplayPositionError,
  replay,
  TooManyRoomsError,
} from "@maru/client/events";
import type { Broker, PartitionOffsets } from "@maru/kafka";
import { startTestMaru } from "@maru/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

/** A Maru of one test's own. */
async function start() {
  const test = await startTestMaru({ partitions: 3 });
  const maru = connectMaru({ address: test.grpcAddress, token: () => test.token() });
  let isDropped = false;
  const drop = ({ partition, highOffset }: PartitionOffsets) => ({ partition, lowOffset: highOffset, highOffset });
  let lowOffsets: PartitionOffsets[] = [];
  const brokers: Broker = {
    ...test.broker,
    async topicOffsets(topic) {
      const held = await test.broker.topicOffsets(topic);
      if (isDropped && lowOffsets.length === 0) lowOffsets = held.map(drop);
      return held.map((one) => ({ ...one, lowOffset: lowOffsets[one.partition]?.lowOffset ?? one.lowOffset }));
    },
  };
  return {
    maru,
    brokers,
    /** The topic says that it no longer holds what it holds now, as after retention. */
    async dropEvents() {
      isDropped = true;
      await brokers.topicOffsets(test.topic.name);
    },
    async newRoom(messages = 0): Promise<string> {
      const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ada" }] });
      const roomId = room?.roomId ?? "";
      for (let n = 0; n < messages; n++) await send(maru, roomId);
      return roomId;
    },
    send: (roomId: string) => send(maru, roomId),
    async [Symbol.asyncDispose]() {
      await maru.close();
      await test.close();
    },
  };
}

async function send(maru: Maru, roomId: string): Promise<number> {
  const { entry } = await maru.messages.send({ roomId, actor: user("ada"), content: text("hi") });
  return entry?.seq ?? 0;
}

/** Seqs by room, in the order of their coming. */
function bySeq(events: readonly ReplayedEvent[]): Record<string, number[]> {
  const seqs: Record<string, number[]> = {};
  for (const event of events) {
    const list = event.kind === "gap" ? [-event.firstMissingSeq] : [event.seq];
    seqs[event.roomId] = [...(seqs[event.roomId] ?? []), ...list];
  }
  return seqs;
}

const seqsTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe("over one Maru", () => {
  let at: Awaited<ReturnType<typeof start>>;
  let rooms: string[];
  let middle: number;
  beforeAll(async () => {
    at = await start();
    rooms = [await at.newRoom(3), await at.newRoom(1), await at.newRoom(0)];
    const before = Date.now();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(before), { interval: 1 });
    middle = Date.now();
    await at.send(rooms[0] ?? "");
    await at.send(rooms[0] ?? "");
  });
  afterAll(() => at[Symbol.asyncDispose]());
  const all = (options: Omit<ReplayOptions, "brokers">) =>
    Array.fromAsync(replay(at.maru, { brokers: at.brokers, ...options }));

  test("all rooms from the beginning: each entry once, each room in order", async () => {
    const events = bySeq(await all({ from: "beginning" }));
    expect(events).toEqual({ [`${rooms[0]}`]: seqsTo(6), [`${rooms[1]}`]: seqsTo(2), [`${rooms[2]}`]: [1] });
  });

  test("a list of rooms comes from the table alone, in the order of the list, and asks Kafka nothing", async () => {
    const brokers: Broker = { ...at.brokers, topicOffsets: () => Promise.reject(new Error("asked")) };
    const list = (async function* () {
      yield* [rooms[1] ?? "", rooms[0] ?? ""];
    })();
    const events = await Array.fromAsync(replay(at.maru, { brokers, from: "beginning", rooms: list }));
    expect(events.map(({ roomId }) => roomId)).toEqual([...Array(2).fill(rooms[1]), ...Array(6).fill(rooms[0])]);
    expect(events.every((event) => event.kind !== "gap" && event.healed)).toBe(true);
  });

  test("from a seq, and from a time, of some and of all rooms", async () => {
    const [a = "", b = ""] = rooms;
    expect(bySeq(await all({ from: { seq: 3 }, rooms: [a, b] }))).toEqual({ [a]: seqsTo(6, 3) });
    expect(bySeq(await all({ from: { seq: 3 } }))).toEqual({ [a]: seqsTo(6, 3) });
    expect(bySeq(await all({ from: { time: new Date(middle) }, rooms: [a, b] }))).toEqual({ [a]: [5, 6] });
    expect(bySeq(await all({ from: { time: middle } }))).toEqual({ [a]: [5, 6] });
    expect(await all({ from: { time: Date.now() + 1000 } })).toEqual([]);
  });

  test("from every position, a replay goes on with what is left, of all rooms and of a list that is followed", async () => {
    for (const choice of [{}, { rooms, follow: true }, { rooms }, { knownRooms: rooms.slice(1) }]) {
      const collect = async (from: ReplayOptions["from"], count: number) => {
        const taken: [ReplayedEvent, string][] = [];
        const events = replay(at.maru, { brokers: at.brokers, ...choice, from });
        for await (const event of events) {
          taken.push([event, events.position]);
          if (choice.follow && taken.length === count) break; // it does not end by itself
        }
        return taken;
      };
      const whole = await collect("beginning", 9);
      expect(whole).toHaveLength(9);
      for (const [index, [, position]] of whole.slice(0, -1).entries()) {
        // Rooms may mix in another way: partitions have no order among each other.
        const rest = await collect({ position }, 8 - index);
        expect(bySeq(rest.map(([event]) => event))).toEqual(bySeq(whole.slice(index + 1).map(([event]) => event)));
      }
    }
  });

  test("going on from a position of a list too long to be kept repeats nothing that was there when the list was read", async () => {
    const options = { brokers: at.brokers, knownRooms: rooms.slice(0, 2) };
    const events = replay(at.maru, { ...options, from: "beginning" });
    const [a = "", b = "", c = ""] = rooms;
    for await (const event of events) if (event.roomId === b && event.kind !== "gap" && event.seq === 2) break;
    const { seqs, ...stored } = JSON.parse(Buffer.from(events.position, "base64url").toString());
    expect(seqs).toEqual([[a, 6]]);
    const position = Buffer.from(JSON.stringify(stored)).toString("base64url");
    expect(bySeq(await all({ ...options, from: { position } }))).toEqual({ [c]: [1] });
  });

  test("a position of another replay, and one that is none, are refused", async () => {
    const events = replay(at.maru, { brokers: at.brokers, from: "beginning" });
    for await (const _ of events) break;
    const from = { position: events.position };
    expect(() => replay(at.maru, { brokers: at.brokers, from, rooms })).toThrow(ReplayPositionError);
    expect(() => replay(at.maru, { brokers: at.brokers, from, topic: "other" })).toThrow(ReplayPositionError);
    expect(() => replay(at.maru, { brokers: at.brokers, from: { position: "none" } })).toThrow(ReplayPositionError);
  });

  test("a room that is not there ends the replay, unless it is told of", async () => {
    await expect(all({ from: "beginning", rooms: ["nowhere"] })).rejects.toThrow("ROOM_NOT_FOUND");
    const told: string[] = [];
    const onUnreadableRoom = (roomId: string) => void told.push(roomId);
    const events = await all({ from: "beginning", rooms: ["nowhere", rooms[2] ?? ""], onUnreadableRoom });
    expect([told, bySeq(events)]).toEqual([["nowhere"], { [`${rooms[2]}`]: [1] }]);
  });

  test("more rooms than may be remembered is an error", async () => {
    await expect(all({ from: "beginning", maxRooms: 2 })).rejects.toThrow(TooManyRoomsError);
  });

  test("a handler that fails is called again, and then the error has the position of the same event", async () => {
    const options = { brokers: at.brokers, from: "beginning", retry: { maxAttempts: 2, firstBackoffMs: 1 } } as const;
    const seen: number[] = [];
    const failing = replay(
      at.maru,
      { ...options, rooms: rooms.slice(0, 1) },
      {
        any({ seq }, { attempt, offset }) {
          seen.push(seq * 10 + attempt);
          expect(offset).toBe(-1n);
          if (seq === 2) throw new Error("not today");
        },
      },
    );
    const error = await failing.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ReplayHandlerError);
    expect(error).toMatchObject({ roomId: rooms[0], seq: 2, attempts: 2 });
    expect(seen).toEqual([11, 21, 22]);
    const { position } = error as ReplayHandlerError;
    const rest = await all({ from: { position }, rooms: rooms.slice(0, 1) });
    expect(bySeq(rest)).toEqual({ [`${rooms[0]}`]: seqsTo(6, 2) });
  });
});

test("while rooms go on, table and topic meet without a seam and without a repeat", async () => {
  await using at = await start();
  const rooms = [await at.newRoom(4), await at.newRoom(4)];
  for (const choice of [{}, { rooms }, { knownRooms: rooms.slice(0, 1) }]) {
    let last = 0;
    const sendToAll = async () => {
      for (const roomId of rooms) last = await at.send(roomId);
    };
    let lastSend: Promise<void> | undefined;
    const onCaughtUp = () => {
      lastSend = sendToAll();
    };
    const options = { ...choice, brokers: at.brokers, from: "beginning", follow: true, onCaughtUp } as const;
    const taken: ReplayedEvent[] = [];
    for await (const event of replay(at.maru, options)) {
      taken.push(event);
      // Two messages for each event at first: some come before their room is read, some while, some after.
      if (taken.length <= 12) await sendToAll();
      await lastSend;
      if (lastSend !== undefined && taken.length === 2 * last) break;
    }
    const seqs = bySeq(taken);
    for (const roomId of rooms) expect(seqs[roomId]).toEqual(seqsTo(last));
    expect(Object.keys(seqs)).toHaveLength(2);
  }
});

test("when retention took what is wanted, a replay of all rooms says so, and a list of quiet rooms makes it whole", async () => {
  await using at = await start();
  const quiet = await at.newRoom(2);
  const busy = await at.newRoom(2);
  await at.dropEvents();
  const options = { brokers: at.brokers, from: "beginning" } as const;
  await expect(Array.fromAsync(replay(at.maru, options))).rejects.toThrow(ReplayIncompleteError);

  await at.send(busy);
  const incomplete: ReplayIncompleteError[] = [];
  const onIncomplete = (error: ReplayIncompleteError) => void incomplete.push(error);
  expect(bySeq(await Array.fromAsync(replay(at.maru, { ...options, onIncomplete })))).toEqual({ [busy]: seqsTo(4) });
  expect(incomplete[0]?.partitions.length).toBeGreaterThan(0);

  const whole = bySeq(await Array.fromAsync(replay(at.maru, { ...options, knownRooms: [quiet] })));
  expect(whole).toEqual({ [quiet]: seqsTo(3), [busy]: seqsTo(4) });
});
