import { create, fromBinary } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";
import {
  PushSchema,
  type RoomPosition,
  RoomPositionSchema,
  type ServerFrame,
  ServerFramesSchema,
} from "@maru/protocol/realtime";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createLog } from "../log.ts";
import type { Realtime } from "../realtime/realtime.ts";
import { createRooms, type ListeningRooms } from "./create-rooms.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import type { RoomSource } from "./room-source.ts";
import type { Rooms } from "./rooms.ts";
import type { Session } from "./session.ts";

const roomId = "room";
const userIds = ["ann", "ben"];
const turn = () => new Promise<void>((go) => setImmediate(go));

/** The log of one room: the truth that frames are held against. */
class RoomLog {
  readonly entries: Entry[] = [];
  publishedSeq = 0;
  failures = 0;

  append(body: Entry["body"]): Entry {
    const entry = create(EntrySchema, { roomId, seq: this.entries.length + 1, body });
    this.entries.push(entry);
    return entry;
  }

  get members(): Set<string> {
    const members = new Set<string>();
    for (const { body } of this.entries) {
      if (body.case === "membersAdded") for (const { userId } of body.value.members) members.add(userId);
      if (body.case === "membersRemoved") for (const userId of body.value.userIds) members.delete(userId);
    }
    return members;
  }

  /** Reads that take their time, and fail when it is their turn to. */
  source(turns: () => number, isLarge: boolean): RoomSource {
    const read = async <Result>(what: () => Result): Promise<Result> => {
      for (let left = turns(); left > 0; left--) await turn();
      if (this.failures > 0) {
        this.failures--;
        throw new Error("the table is away");
      }
      const result = what();
      for (let left = turns(); left > 0; left--) await turn();
      return result;
    };
    return {
      tailSeq: () => read(() => this.publishedSeq || this.entries.length),
      entriesAfter: (_room, after) =>
        read(() => {
          const entries = this.entries.slice(after, after + 3);
          return { entries, atEnd: after + entries.length >= this.entries.length };
        }),
      memberIds: () => read(() => (isLarge ? undefined : this.members)),
      isMember: (_room, userId) => read(() => this.members.has(userId)),
    };
  }
}

/** An app with one device: keeps what it got over its connections, and resumes as it should. */
class Device implements Session {
  readonly sessionId = "session";
  readonly got: number[] = [];
  readonly broken: string[] = [];
  followsFrom = 0;
  isFollowing = false;
  rooms: Rooms | undefined;
  connection = 0;
  readonly userId: string;

  constructor(userId: string) {
    this.userId = userId;
  }

  get position(): number {
    return this.got.at(-1) ?? this.followsFrom;
  }

  connect(rooms: Rooms): void {
    this.cut();
    this.rooms = rooms;
    const connection = ++this.connection;
    const session: Session = {
      sessionId: `${this.userId}-${connection}`,
      userId: this.userId,
      send: (frame) => {
        if (connection === this.connection) this.send(frame);
      },
      close: () => {},
    };
    this.session = session;
    rooms.connected(session);
    this.resume();
  }

  session: Session | undefined;

  resume(): void {
    if (this.session === undefined) return;
    this.isFollowing = false;
    const position: RoomPosition = create(RoomPositionSchema, { roomId, seq: this.position });
    this.rooms?.resume(this.session, "again", [position]);
  }

  cut(): void {
    if (this.session !== undefined) this.rooms?.disconnected(this.session);
    this.session = undefined;
    this.isFollowing = false;
    this.connection++;
  }

  send(frame: EncodedFrame): void {
    const { frames } = fromBinary(ServerFramesSchema, frame.protobuf());
    for (const one of frames) this.take(one);
  }

  take({ kind }: ServerFrame): void {
    if (kind.case === "resumed") {
      if (!kind.value.recovered) this.broken.push(`not recovered after ${kind.value.afterSeq}`);
      this.isFollowing = true;
    } else if (kind.case === "entry" && this.isFollowing) {
      this.got.push(kind.value.entry?.seq ?? 0);
    } else if (kind.case === "roomRemoved") {
      this.isFollowing = false;
    } else if (kind.case === "roomAdded" && !this.isFollowing) {
      this.resume();
    } else if (kind.case === "error" && kind.value.retryAfterMs > 0) {
      this.resume();
    }
  }

  close(): void {}
}

function fakeRealtime(log: RoomLog): Realtime {
  return {
    nodeId: "node",
    sessions: { add: async () => {}, remove: async () => {}, read: async () => [] },
    followedRooms: { add: () => turn(), remove: async () => {} },
    publisher: { publishEntries: async () => {}, publishReadMarker() {}, publishTyping() {} },
    tails: { readSeq: async () => log.publishedSeq || undefined },
    trouble: undefined,
    [Symbol.asyncDispose]: async () => {},
  };
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("push" as const), gateway: fc.nat(1), back: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("connect" as const), device: fc.nat(3), gateway: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), device: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("interrupt" as const), gateway: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), reads: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("member" as const), user: fc.nat(1) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("wait" as const), turns: fc.integer({ min: 1, max: 6 }) }) },
);

const schedule = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
  turns: fc.infiniteStream(fc.nat(3)),
  isLarge: fc.boolean(),
});

it("what a device gets over its connections is the room's log, each entry once and in order, whatever is cut, lost or repeated", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ steps, turns, isLarge }) => {
      const log = new RoomLog();
      log.append({ case: "membersAdded", value: membersAdded(userIds) });
      for (let n = 0; n < 3; n++) log.append(message());
      const listening: ListeningRooms[] = [createRooms(), createRooms()];
      const gateways = listening.map((one) =>
        one.open({
          source: log.source(() => turns.next().value ?? 0, isLarge),
          realtime: fakeRealtime(log),
          clock: { nowMs: () => 0 },
          log: createLog("silent"),
          maxFollowedRooms: 10,
          maxResumeEntries: 1_000,
          maxResumeBytes: 1_000_000,
          sleep: () => turn(),
        }),
      );
      const devices = [...userIds, ...userIds].map((userId) => new Device(userId));
      const push = (gateway: number, entry: Entry) => {
        const kind = { case: "entries" as const, value: { entries: [entry] } };
        listening[gateway]?.listener.pushed(create(PushSchema, { kind, userIds }));
        log.publishedSeq = Math.max(log.publishedSeq, entry.seq);
      };
      try {
        for (const one of steps) {
          if (one.do === "append") log.append(message());
          else if (one.do === "push") push(one.gateway, at(log.entries, -1 - one.back));
          else if (one.do === "connect") at(devices, one.device).connect(at(gateways, one.gateway));
          else if (one.do === "cut") at(devices, one.device).cut();
          else if (one.do === "interrupt") listening[one.gateway]?.listener.interrupted(0);
          else if (one.do === "fail") log.failures = one.reads;
          else if (one.do === "member") toggle(log, at(userIds, one.user));
          else for (let left = one.turns; left > 0; left--) await turn();
        }
        for (const userId of userIds) if (!log.members.has(userId)) toggle(log, userId);
        for (const device of devices) if (device.rooms === undefined) device.connect(at(gateways, 0));
        for (const device of devices) if (device.session === undefined && device.rooms) device.connect(device.rooms);
        // Whoever is added is told in any case; what else was pushed may never come.
        for (const gateway of [0, 1]) for (const entry of log.entries) if (adds(entry)) push(gateway, entry);
        for (const { listener } of listening) listener.interrupted(0);
        await expect
          .poll(() => devices.every(({ position }) => position >= log.entries.length), { timeout: 2_000, interval: 1 })
          .toBe(true);
        const whole = log.entries.map(({ seq }) => seq);
        for (const { got, broken } of devices) expect({ got, broken }).toEqual({ got: whole, broken: [] });
      } finally {
        for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);

function toggle(log: RoomLog, userId: string): void {
  if (log.members.has(userId)) log.append({ case: "membersRemoved", value: { userIds: [userId] } as never });
  else log.append({ case: "membersAdded", value: membersAdded([userId]) });
}

const membersAdded = (ids: readonly string[]) => ({ members: ids.map((userId) => ({ userId })) }) as never;
const adds = ({ body }: Entry) => body.case === "membersAdded";
const message = () => ({ case: "messageSent", value: {} }) as Entry["body"];

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index) ?? items.at(0);
  if (item === undefined) throw new Error("there is none");
  return item;
}
