import type { Dice } from "./dice.ts";
import { drawRoomCommands, type RoomCommandName } from "./next-room-command.ts";

/** How much of each trouble a run meets. Every run draws its own, so that some have much of one and none of another. */
export interface Weather {
  readonly pausesMax: number;
  readonly loseBefore: number;
  readonly loseAfter: number;
  /** The caller is told of a failure, and the write takes place later. */
  readonly late: number;
  /** The write is executed twice, and the second answer is returned. */
  readonly twice: number;
  readonly conflict: number;
  /** The first try is stored, its answer lost, and the second try meets a transaction. */
  readonly conflictAfterStored: number;
  readonly readFails: number;
  /** An answer arrives after a long sleep, in which time jumps. */
  readonly sleep: number;
  /** Several members are read one after the other, as BatchGetItem may. */
  readonly tornReads: number;
  readonly stepMaxMs: number;
  /** That time jumps at a step. */
  readonly jump: number;
  readonly jumps: Readonly<Record<Jump, number>>;
  readonly restart: number;
  /** That a call goes to the first server. */
  readonly affinity: number;
  readonly commands: Readonly<Record<CommandName, number>>;
  readonly serverCount: number;
  readonly clientCount: number;
  readonly callsPerClient: number;
  /** The room came from another system: its entries are older than their appending. */
  readonly imported: boolean;
  readonly offsetMaxMs: number;
}

export type Jump = "seconds" | "minute" | "tailAge" | "hours" | "day";
export type CommandName =
  | "send"
  | "retry"
  | "reuse"
  | "borrow"
  | "add"
  | "remove"
  | "markRead"
  | "purge"
  | "list"
  | "get"
  | "room"
  | "members"
  | "markers"
  | "create"
  | "burst"
  | "newer"
  | RoomCommandName
  | "nextDay"
  | "jump";

export function drawWeather(dice: Dice): Weather {
  const some = (most: number) => (dice.chance(0.5) ? 0 : dice.next() * most);
  const often = () => 0.2 + dice.next();
  const seldom = () => (dice.chance(0.4) ? 0 : dice.next());
  return {
    pausesMax: dice.int(0, 4),
    loseBefore: some(0.15),
    loseAfter: some(0.25),
    late: some(0.15),
    twice: some(0.3),
    conflict: some(0.2),
    conflictAfterStored: some(0.15),
    readFails: some(0.1),
    sleep: some(0.03),
    tornReads: some(1),
    stepMaxMs: dice.pick([0, 2, 20]),
    jump: dice.chance(0.6) ? 0 : dice.next() * 0.03,
    jumps: { seconds: 0.5, minute: seldom(), tailAge: seldom(), hours: seldom() * 0.5, day: seldom() },
    restart: dice.pick([0, 0, 0.05, 0.5]),
    affinity: dice.pick([0, 0.5, 0.8, 0.95]),
    commands: {
      send: 2 + often(),
      retry: often(),
      reuse: seldom() * 0.3,
      borrow: seldom() * 0.2,
      add: often(),
      remove: often(),
      markRead: seldom(),
      purge: seldom(),
      list: seldom() * 0.7,
      get: seldom() * 0.5,
      room: seldom() * 0.5,
      members: seldom() * 0.3,
      markers: seldom() * 0.3,
      create: seldom() * 0.2,
      burst: seldom() * 0.3,
      newer: seldom() * 0.4,
      ...drawRoomCommands(dice),
      nextDay: seldom() * 0.3,
      jump: seldom() * 0.8,
    },
    serverCount: dice.int(2, 3),
    clientCount: dice.int(2, 5),
    callsPerClient: dice.int(6, 16),
    imported: dice.chance(0.2),
    offsetMaxMs: dice.pick([0, 1_000, 30_000]),
  };
}

export function jumpMs(dice: Dice, jump: Jump): number {
  const second = 1_000;
  const hour = 3_600 * second;
  switch (jump) {
    case "seconds":
      return dice.int(1 * second, 5 * second);
    case "minute":
      return dice.int(20 * second, 90 * second);
    case "tailAge":
      return dice.int(9 * 60 * second, 60 * 60 * second);
    case "hours":
      return dice.int(1 * hour, 23 * hour);
    case "day":
      return dice.int(24 * hour, 50 * hour);
  }
}
