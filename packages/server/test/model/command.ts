import type { MemberRole } from "@maru/protocol";
import type { RoomCommand, SettingsCommand } from "./room-command.ts";

/** A request that writes. A retry is the same object again. */
export type WriteCommand = SendCommand | AddCommand | RemoveCommand | RoomCommand;

export interface Written {
  /** A user, or `service`. */
  readonly actor: string;
  /** Empty: the server makes one. */
  readonly key: string;
  /** When the key says that it was made; undefined where it says nothing. */
  readonly bornAtMs: number | undefined;
}

export interface SendCommand extends Written {
  readonly kind: "send";
  /** Unlike that of any other request. */
  readonly text: string;
}

export interface AddCommand extends Written {
  readonly kind: "add";
  readonly members: readonly { readonly userId: string; readonly role: MemberRole }[];
}

export interface RemoveCommand extends Written {
  readonly kind: "remove";
  readonly userIds: readonly string[];
}

export type Command =
  | WriteCommand
  | SettingsCommand
  | { readonly kind: "create" }
  | { readonly kind: "markRead"; readonly userId: string; readonly seq: number }
  | { readonly kind: "purge"; readonly below: number }
  | { readonly kind: "list"; readonly after: number | undefined; readonly before: number | undefined }
  | { readonly kind: "get"; readonly seq: number }
  | { readonly kind: "room" }
  | { readonly kind: "members" }
  | { readonly kind: "markers" };

export function isWrite(command: Command): command is WriteCommand {
  return "key" in command;
}

export function isSettings(command: Command): command is SettingsCommand {
  return command.kind === "hide" || command.kind === "unhide" || command.kind === "muteNotifications";
}
