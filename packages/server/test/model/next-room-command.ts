import { MemberRole } from "@maru/protocol";
import type { Written } from "./command.ts";
import type { Dice } from "./dice.ts";
import type { RoomCommand, SettingsCommand } from "./room-command.ts";
import { foldAll } from "./truth.ts";
import type { World } from "./world.ts";

export type RoomCommandName = RoomCommand["kind"] | SettingsCommand["kind"];

/** How often each comes in one run. A room is closed in few runs: not much happens in it afterwards. */
export function drawRoomCommands(dice: Dice): Record<RoomCommandName, number> {
  const isQuiet = dice.chance(0.5);
  const seldom = () => (isQuiet || dice.chance(0.3) ? 0 : dice.next());
  return {
    freeze: seldom() * 0.2,
    unfreeze: seldom() * 0.5,
    close: isQuiet || dice.chance(0.9) ? 0 : 0.05,
    update: seldom() * 0.6,
    leave: seldom() * 0.3,
    setRole: seldom() * 0.4,
    mute: seldom() * 0.4,
    hide: seldom() * 0.3,
    unhide: seldom() * 0.15,
    muteNotifications: seldom() * 0.15,
  };
}

/** What the other commands are made with, too. */
export interface CommandParts {
  readonly users: readonly string[];
  newKey(): Pick<Written, "key" | "bornAtMs">;
  /** Somebody who may manage the room, most of the time. */
  admin(): string;
}

export function nextRoomCommand(
  { dice, truth, nowMs }: World,
  { users, newKey, admin }: CommandParts,
  name: RoomCommandName,
): RoomCommand | SettingsCommand {
  const userId = dice.pick(users);
  const someTimeMs = () => {
    if (dice.chance(0.3)) return undefined;
    return nowMs() + (dice.chance(0.2) ? -dice.int(0, 60_000) : dice.int(1, 3 * 60_000));
  };
  switch (name) {
    case "freeze":
    case "unfreeze":
    case "close":
      return { kind: name, actor: admin(), ...newKey() };
    case "update": {
      const title = dice.chance(0.4) ? dice.pick(["one", "two", ""]) : undefined;
      const value = dice.chance(0.3) ? undefined : dice.pick(["1", "2"]);
      const attribute =
        title === undefined || dice.chance(0.5) ? { name: dice.pick(["a", "b", "c"]), value } : undefined;
      const presentSeq = foldAll(truth.entries.filter((entry) => entry !== undefined)).at(-1)?.stateSeq;
      const expectedStateSeq = dice.chance(0.3) ? presentSeq : undefined;
      return { kind: "update", actor: admin(), title, attribute, expectedStateSeq, ...newKey() };
    }
    case "leave":
      return { kind: "leave", actor: userId, ...newKey() };
    case "setRole": {
      const role = dice.chance(0.6) ? MemberRole.ADMIN : MemberRole.MEMBER;
      return { kind: "setRole", actor: admin(), userId, role, ...newKey() };
    }
    case "mute":
      return { kind: "mute", actor: admin(), userId, untilMs: someTimeMs(), ...newKey() };
    case "hide":
    case "unhide":
      return { kind: name, userId };
    case "muteNotifications":
      return { kind: "muteNotifications", userId, untilMs: someTimeMs() };
  }
}
