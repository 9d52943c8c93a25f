import type { MemberRole } from "@maru/protocol";
import type { Written } from "./command.ts";

/** Requests that change a room's state, besides those that add and remove members. */
export type RoomCommand = RoomFlagCommand | UpdateCommand | LeaveCommand | SetRoleCommand | MuteCommand;

export interface RoomFlagCommand extends Written {
  readonly kind: "freeze" | "unfreeze" | "close";
}

export interface UpdateCommand extends Written {
  readonly kind: "update";
  /** Undefined: the title is not in the mask. */
  readonly title: string | undefined;
  /** The attribute that the mask names, and its new value; without one it is removed. */
  readonly attribute: { readonly name: string; readonly value: string | undefined } | undefined;
  readonly expectedStateSeq: number | undefined;
}

export interface LeaveCommand extends Written {
  readonly kind: "leave";
}

export interface SetRoleCommand extends Written {
  readonly kind: "setRole";
  readonly userId: string;
  readonly role: MemberRole;
}

export interface MuteCommand extends Written {
  readonly kind: "mute";
  readonly userId: string;
  readonly untilMs: number | undefined;
}

/** What users set for themselves, outside the log. */
export type SettingsCommand =
  | { readonly kind: "hide" | "unhide"; readonly userId: string }
  | { readonly kind: "muteNotifications"; readonly userId: string; readonly untilMs: number | undefined };
