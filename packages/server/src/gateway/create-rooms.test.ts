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
import { createRooms } from "./create-rooms.ts";
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
    return this.membersAt(this.entries.length);
  }

  membersAt(seq: number): Set<string> {
    const members = new Set<string>();
    for (const { body } of this.entries.slice(0, seq)) {
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
  isAsking = false;
  rooms: Rooms | undefined;
  connection = 0;
  readonly userId: string;
  readonly log: RoomLog;

  constructor(userId: string, log: RoomLog) {
    this.userId = userId;
    this.log = log;
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
      // As over a socket: the device answers later.
      send: (frame) =>
        queueMicrotask(() => {
          if (connection === this.connection) this.send(frame);
        }),
      close: () => {},
    };
    this.session = session;
    rooms.connected(session);
    this.resume();
  }

  session: Session | undefined;

  resume(): void {
    if (this.session === undefined || this.isAsking) return;
    this.isFollowing = false;
    this.isAsking = true;
    const position: RoomPosition = create(RoomPositionSchema, { roomId, seq: this.position });
    this.rooms?.resume(this.session, "again", [position]);
  }

  cut(): void {
    if (this.session !== undefined) this.rooms?.disconnected(this.session);
    this.session = undefined;
    this.isFollowing = false;
    this.isAsking = false;
    this.connection++;
  }

  send(frame: EncodedFrame): void {
    const { frames } = fromBinary(ServerFramesSchema, frame.protobuf());
    for (const one of frames) this.take(one);
  }

  take({ kind }: ServerFrame): void {
    if (kind.case === "resumed" || kind.case === "error") this.isAsking = false;
    if (kind.case === "resumed") {
      if (!kind.value.recovered) this.broken.push(`not recovered after ${kind.value.afterSeq}`);
      this.isFollowing = true;
    } else if (kind.case === "entry" && this.isFollowing) {
      const seq = kind.value.entry?.seq ?? 0;
      // Whoever is a member when it is sent may read what was before, and the gateway hears of a removal a moment later.
      const ends = this.log.entries.map((_, index) => index).filter((end) => end >= seq - 1);
      const mayRead = [...ends, this.log.entries.length].some((end) => this.log.membersAt(end).has(this.userId));
      if (!mayRead) this.broken.push(`${this.userId} got ${seq}, and was no member`);
      this.got.push(seq);
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

/** What one gateway has of Redis, which can lose what it knows. */
class Hearing {
  readonly rooms = createRooms();
  isRegistered = false;
  /** Redis was emptied, or the subscription broke, and the gateway has not noticed yet. */
  isDeaf = false;

  realtime(log: RoomLog): Omit<Realtime, "inboxes"> {
    return {
      nodeId: "node",
      sessions: { add: async () => {}, remove: async () => {}, read: async () => [] },
      followedRooms: {
        add: async () => {
          await turn();
          this.isRegistered = true;
        },
        remove: async () => {},
      },
      publisher: {
        publishEntries: async () => {},
        raiseAdded: async () => {},
        publishReadMarker() {},
        publishTyping() {},
      },
      tails: { readSeq: async () => log.publishedSeq || undefined },
      trouble: undefined,
      [Symbol.asyncDispose]: async () => {},
    };
  }

  push(entry: Entry): void {
    const kind = { case: "entries" as const, value: { entries: [entry] } };
    this.rooms.listener.pushed(create(PushSchema, { kind, userIds }));
  }

  /** What is published goes to whom Redis knows: gateways with the user, or which follow the room. */
  published(entry: Entry): void {
    if (!this.isDeaf && (this.isRegistered || adds(entry))) this.push(entry);
  }

  notice(): void {
    if (!this.isDeaf) return;
    this.isDeaf = false;
    this.rooms.listener.interrupted(0);
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die before the publish" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("push again" as const), gateway: fc.nat(1), back: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("connect" as const), device: fc.nat(3), gateway: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), device: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("deafen" as const), gateway: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("notice" as const), gateway: fc.nat(1) }) },
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
      const hearings = [new Hearing(), new Hearing()];
      const gateways = hearings.map((hearing) =>
        hearing.rooms.open({
          source: log.source(() => turns.next().value ?? 0, isLarge),
          realtime: hearing.realtime(log),
          clock: { nowMs: () => 0 },
          log: createLog("silent"),
          maxFollowedRooms: 10,
          maxResumeEntries: 1_000,
          maxResumeBytes: 1_000_000,
          sleep: () => turn(),
        }),
      );
      const devices = [...userIds, ...userIds].map((userId) => new Device(userId, log));
      const publish = (entry: Entry) => {
        for (const hearing of hearings) hearing.published(entry);
        log.publishedSeq = Math.max(log.publishedSeq, entry.seq);
        unpublished.delete(entry);
      };
      const unpublished = new Set<Entry>();
      try {
        for (const one of steps) {
          if (one.do === "send") publish(log.append(message()));
          else if (one.do === "die before the publish") unpublished.add(log.append(message()));
          else if (one.do === "push again") at(hearings, one.gateway).push(at(log.entries, -1 - one.back));
          else if (one.do === "connect") at(devices, one.device).connect(at(gateways, one.gateway));
          else if (one.do === "cut") at(devices, one.device).cut();
          else if (one.do === "deafen") at(hearings, one.gateway).isDeaf = true;
          else if (one.do === "notice") at(hearings, one.gateway).notice();
          else if (one.do === "fail") log.failures = one.reads;
          else if (one.do === "member") publish(toggle(log, at(userIds, one.user)));
          else for (let left = one.turns; left > 0; left--) await turn();
        }
        for (const hearing of hearings) hearing.notice();
        for (const entry of [...unpublished]) publish(entry);
        for (const userId of userIds) if (!log.members.has(userId)) publish(toggle(log, userId));
        for (const device of devices) if (device.session === undefined) device.connect(device.rooms ?? at(gateways, 0));
        // Who was added while the gateway heard nothing reads the list of rooms: `missed` says so.
        for (const device of devices) if (!device.isFollowing) device.resume();
        await expect
          .poll(() => devices.every(({ position }) => position >= log.entries.length), { timeout: 2_000, interval: 1 })
          .toBe(true);
        const whole = log.entries.map(({ seq }) => seq);
        for (const { got, broken } of devices) expect(`${got} ${broken}`).toEqual(`${whole} `);
      } finally {
        for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
      }
    }),
    { numRuns: 300 },
  );
}, 160_000);

function toggle(log: RoomLog, userId: string): Entry {
  if (log.members.has(userId)) return log.append({ case: "membersRemoved", value: { userIds: [userId] } as never });
  return log.append({ case: "membersAdded", value: membersAdded([userId]) });
}

const membersAdded = (ids: readonly string[]) => ({ members: ids.map((userId) => ({ userId })) }) as never;
const adds = ({ body }: Entry) => body.case === "membersAdded";
const message = () => ({ case: "messageSent", value: {} }) as Entry["body"];

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index) ?? items.at(0);
  if (item === undefined) throw new Error("there is none");
  return item;
}
