import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  ContentSchema,
  type Entry,
  EntrySchema,
  MemberLeftSchema,
  MemberRole,
  MemberRoleChangedSchema,
  MessageSchema,
  RoomCreatedSchema,
  RoomSchema,
} from "@maru/protocol";
import type { StateChange, Store } from "../../src/domain/store.ts";
import { toActor } from "./serve.ts";
import { foldAll, isThere, type TruthState } from "./truth.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { World } from "./world.ts";

/** Writers that are no server under test: the importer, busy neighbours, servers of a newer version. */
export interface RawWriter {
  /** A room from another system, its entries a year old. */
  importRoom(roomId: string): Promise<void>;
  /** Many messages at once, more than a server keeps of a room that it reads for the first time. */
  burst(roomId: string): Promise<void>;
  /** A change of state by a newer version, whose type this version may not even know. */
  newer(roomId: string): Promise<void>;
}

interface Made {
  readonly body: Entry["body"];
  readonly change?: StateChange;
  readonly isUnknown?: boolean;
  readonly createdAtMs?: number;
}

const attempts = 20;
const yearMs = 365 * 24 * 60 * 60_000;

export function createRawWriter(world: World, store: Store): RawWriter {
  const { dice, truth } = world;

  async function write(roomId: string, make: (seq: number, state: TruthState) => Made | undefined): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const tail = truth.entries.at(-1)?.logged.entry;
      const state = foldAll(truth.entries).at(-1) as TruthState;
      const seq = (tail?.seq ?? 0) + 1;
      const made = make(seq, state);
      if (made === undefined) return;
      const createdAtMs = Math.max(made.createdAtMs ?? world.nowMs(), createdAtMsOf(tail));
      const entry = create(EntrySchema, {
        roomId,
        seq,
        type: typeOf(made.body),
        actor: toActor("service"),
        caller: "others",
        createdAt: timestampFromMs(createdAtMs),
        stateSeq: made.change === undefined ? state.stateSeq : seq,
        idempotencyKey: uuidv7(dice, createdAtMs),
        body: made.body,
      });
      if (made.isUnknown === true) world.unknownKeys.add(entry.idempotencyKey);
      const logged = { entry, requestHash: "others", appendedAtMs: world.nowMs() };
      const put = made.change === undefined ? store.putEntry(logged) : store.putEntryWithState(logged, made.change);
      if ((await put).kind === "stored") return;
      await world.scheduler.pause();
    }
  }

  return {
    async importRoom(roomId) {
      const members = [
        { userId: "ann", role: MemberRole.ADMIN },
        { userId: "bob", role: MemberRole.MEMBER },
      ];
      const room = create(RoomSchema, { roomId, kind: "group", title: "Imported", memberCount: 2, stateSeq: 1 });
      const createdAtMs = world.nowMs() - yearMs;
      await write(roomId, () => ({
        body: { case: "roomCreated", value: create(RoomCreatedSchema, { kind: "group", title: "Imported", members }) },
        change: { create: room, members: members.map((member) => ({ ...member, joinedSeq: 1, leftSeq: 0 })) },
        createdAtMs,
      }));
      for (let left = dice.int(0, 40); left > 0; left--) {
        await write(roomId, () => ({ ...message("imported"), createdAtMs }));
      }
    },
    async burst(roomId) {
      for (let left = dice.int(10, 45); left > 0; left--) await write(roomId, () => message("of a neighbour"));
    },
    newer: (roomId) =>
      write(roomId, (seq, state) => {
        const there = [...state.members].filter(([, member]) => isThere(member));
        if (there.length === 0) return undefined;
        const [userId, member] = dice.pick(there);
        const isUnknown = dice.chance(0.6);
        if (dice.chance(0.5)) {
          const body = { case: "memberLeft" as const, value: create(MemberLeftSchema, { userId }) };
          const left = { userId, role: member.role, joinedSeq: member.joinedSeq, leftSeq: seq };
          return { body, isUnknown, change: { room: { memberCount: state.memberCount - 1 }, members: [left] } };
        }
        const role = member.role === MemberRole.ADMIN ? MemberRole.MEMBER : MemberRole.ADMIN;
        const body = { case: "memberRoleChanged" as const, value: create(MemberRoleChangedSchema, { userId, role }) };
        return { body, isUnknown, change: { members: [{ userId, role, joinedSeq: member.joinedSeq, leftSeq: 0 }] } };
      }),
  };
}

function message(text: string): Made {
  const content = create(ContentSchema, { kind: { case: "text", value: { text } } });
  return { body: { case: "messageSent", value: create(MessageSchema, { content }) } };
}

function typeOf({ case: name }: Entry["body"]): string {
  return (name ?? "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function createdAtMsOf(entry: Entry | undefined): number {
  return entry?.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
}
