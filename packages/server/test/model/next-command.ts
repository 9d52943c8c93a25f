import { MemberRole } from "@maru/protocol";
import { type AddCommand, type Command, isWrite, type SendCommand, type WriteCommand } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { nextRoomCommand } from "./next-room-command.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { CommandName } from "./weather.ts";
import type { World } from "./world.ts";

export const users = ["ann", "bob", "cem", "dee", "eve"];

/** What a client does next, and what happens beside the calls. */
export type Act = Command | { readonly kind: "burst" | "newer" | "nextDay" | "jump" };

export interface CommandSource {
  /** `late`: a request that lay about for hours or days before it is sent. */
  next(name: CommandName | "late", history: readonly CallRecord[]): Act;
}

export function createCommandSource(world: World): CommandSource {
  const { dice, truth } = world;
  let requests = 0;

  const driftMs = () => {
    if (dice.chance(0.03)) return dice.int(50_000, 200_000);
    // A request that lay about for days.
    if (dice.chance(0.05)) return -dice.int(1, 4 * 24) * 60 * 60_000;
    return dice.int(-40_000, 25_000);
  };
  const newKey = (): { key: string; bornAtMs: number | undefined } => {
    if (dice.chance(0.1)) return { key: "", bornAtMs: undefined };
    if (dice.chance(0.15)) return { key: `plain-${++requests}`, bornAtMs: undefined };
    const bornAtMs = world.nowMs() + driftMs();
    return { key: uuidv7(dice, bornAtMs), bornAtMs };
  };
  const send = (): SendCommand => ({
    kind: "send",
    actor: dice.chance(0.15) ? "service" : dice.pick(users),
    text: `request ${++requests}`,
    ...newKey(),
  });
  const admin = () => (dice.chance(0.6) ? "service" : dice.chance(0.7) ? "ann" : dice.pick(users));
  const someUsers = () => users.filter(() => dice.chance(0.35));
  const add = (): AddCommand => {
    const role = () => (dice.chance(0.3) ? MemberRole.ADMIN : MemberRole.MEMBER);
    const userIds = someUsers();
    const members = (userIds.length > 0 ? userIds : [dice.pick(users)]).map((userId) => ({ userId, role: role() }));
    return { kind: "add", actor: admin(), members, ...newKey() };
  };
  const earlier = (history: readonly CallRecord[]): WriteCommand | undefined => {
    const writes = history.map(({ command }) => command).filter(isWrite);
    const keyed = writes.filter(({ key }) => key !== "");
    if (keyed.length === 0) return undefined;
    return dice.chance(0.5) ? dice.pick(keyed.slice(-6)) : dice.pick(keyed);
  };
  const anySeq = () => dice.int(1, truth.entries.length + 2);

  return {
    next(name, history) {
      switch (name) {
        case "send":
          return send();
        case "retry":
          return earlier(history) ?? send();
        case "reuse": {
          const first = earlier(history);
          return first === undefined
            ? send()
            : { ...send(), actor: first.actor, key: first.key, bornAtMs: first.bornAtMs };
        }
        case "borrow": {
          const first = earlier(history);
          return first === undefined ? send() : { ...send(), key: first.key, bornAtMs: first.bornAtMs };
        }
        case "late": {
          const bornAtMs = world.nowMs() - dice.int(1, 4 * 24) * 60 * 60_000;
          return { ...send(), key: uuidv7(dice, bornAtMs), bornAtMs };
        }
        case "add":
          return add();
        case "remove": {
          const userIds = someUsers();
          return {
            kind: "remove",
            actor: admin(),
            userIds: userIds.length > 0 ? userIds : [dice.pick(users)],
            ...newKey(),
          };
        }
        case "freeze":
        case "unfreeze":
        case "close":
        case "update":
        case "leave":
        case "setRole":
        case "mute":
        case "hide":
        case "unhide":
        case "muteNotifications":
          return nextRoomCommand(world, { users, newKey, admin }, name);
        case "markRead":
          return { kind: "markRead", userId: dice.pick(users), seq: anySeq() };
        case "purge":
          return { kind: "purge", below: anySeq() };
        case "list":
          return {
            kind: "list",
            after: dice.chance(0.3) ? anySeq() : undefined,
            before: dice.chance(0.3) ? anySeq() : undefined,
          };
        case "get":
          return { kind: "get", seq: anySeq() };
        case "create":
        case "room":
        case "members":
        case "markers":
        case "burst":
        case "newer":
        case "nextDay":
        case "jump":
          return { kind: name };
      }
    },
  };
}
