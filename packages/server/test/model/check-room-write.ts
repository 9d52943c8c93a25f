import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "@maru/protocol";
import type { LoggedEntry } from "../../src/domain/store.ts";
import type { CallRecord } from "./history.ts";
import type { MuteCommand, RoomCommand, UpdateCommand } from "./room-command.ts";
import { isThere, type TruthState } from "./truth.ts";
import type { Windows } from "./window.ts";

/** Whether there was a moment of the call at which the command would have changed nothing. */
export function nothingToChange(windows: Windows, call: CallRecord, command: RoomCommand): boolean {
  return windows.sometime(call, (state) => {
    switch (command.kind) {
      case "freeze":
        return state.room.frozen;
      case "unfreeze":
        return !state.room.frozen;
      case "close":
        return state.room.closed;
      case "update":
        return isExpected(command, state) && changesOf(command, state).length === 0;
      case "leave":
        return !isThere(state.members.get(command.actor));
      case "setRole": {
        const member = state.members.get(command.userId);
        return isThere(member) && member.role === command.role;
      }
      case "mute":
        return isMutedAsAsked(state, call, command);
    }
  });
}

/** The server's clock stood between its times of the call. */
function isMutedAsAsked(state: TruthState, call: CallRecord, { userId, untilMs }: MuteCommand): boolean {
  const member = state.members.get(userId);
  if (!isThere(member)) return false;
  if (member.mutedUntilMs === undefined) return untilMs === undefined || untilMs <= call.answeredAtMs;
  return member.mutedUntilMs === untilMs && untilMs > call.arrivedAtMs;
}

/** Whether the command, decided on the state before the entry, makes this entry. */
export function isRoomEntryMadeBy(
  { entry, appendedAtMs }: LoggedEntry,
  command: RoomCommand,
  state: TruthState,
): boolean {
  const { body } = entry;
  switch (command.kind) {
    case "freeze":
      return body.case === "roomFrozen";
    case "unfreeze":
      return body.case === "roomUnfrozen";
    case "close":
      return body.case === "roomClosed";
    case "update": {
      const { title, attributes } = after(command, state);
      const expected = { changedFields: changesOf(command, state), title, attributes };
      return body.case === "roomUpdated" && isExpected(command, state) && isUpdate(body.value, expected);
    }
    case "leave":
      return body.case === "memberLeft" && body.value.userId === command.actor;
    case "setRole":
      return (
        body.case === "memberRoleChanged" && body.value.userId === command.userId && body.value.role === command.role
      );
    case "mute": {
      if (body.case !== "memberMuted" || body.value.userId !== command.userId) return false;
      const expected = (command.untilMs ?? 0) > appendedAtMs ? command.untilMs : undefined;
      return body.value.mutedUntil === undefined
        ? expected === undefined
        : timestampMs(body.value.mutedUntil) === expected;
    }
  }
}

function isExpected({ expectedStateSeq }: UpdateCommand, { stateSeq }: TruthState): boolean {
  return expectedStateSeq === undefined || expectedStateSeq === stateSeq;
}

type Update = Pick<Extract<Entry["body"], { case: "roomUpdated" }>["value"], "changedFields" | "title" | "attributes">;

function isUpdate(written: Update, { changedFields, title, attributes }: Update): boolean {
  return (
    written.changedFields.join() === changedFields.join() &&
    written.title === (changedFields.includes("title") ? title : "") &&
    attributesText(written.attributes) === attributesText(changedFields.includes("attributes") ? attributes : {})
  );
}

function after({ title, attribute }: UpdateCommand, { room }: TruthState) {
  const attributes = { ...room.attributes };
  if (attribute?.value !== undefined) attributes[attribute.name] = attribute.value;
  else if (attribute !== undefined) delete attributes[attribute.name];
  return { title: title ?? room.title, attributes };
}

function changesOf(command: UpdateCommand, state: TruthState): string[] {
  const { title, attributes } = after(command, state);
  const isSame = attributesText(attributes) === attributesText(state.room.attributes);
  return [...(title === state.room.title ? [] : ["title"]), ...(isSame ? [] : ["attributes"])];
}

function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join();
}
