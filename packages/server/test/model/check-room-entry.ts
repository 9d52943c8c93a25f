import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { LoggedEntry } from "../../src/domain/store.ts";
import { isThere, type TruthState } from "./truth.ts";
import { foldRoom, roomText } from "./truth-room.ts";

/** What the room and its members forbade at an entry's place, and entries that change nothing. */
export function checkRoomEntry({ entry, appendedAtMs }: LoggedEntry, { room, members }: TruthState): string[] {
  const { body, actor } = entry;
  const wrong: string[] = [];
  if (room.closed) wrong.push("was written into a closed room");
  const after = entry.seq === 1 ? undefined : foldRoom(room, entry);
  if (after !== undefined && roomText(after) === roomText(room)) wrong.push("changes nothing of the room");
  switch (body.case) {
    case "messageSent": {
      if (room.frozen) wrong.push("was written into a frozen room");
      const mutedUntilMs = actor?.kind.case === "userId" ? members.get(actor.kind.value)?.mutedUntilMs : undefined;
      if (mutedUntilMs !== undefined && mutedUntilMs > appendedAtMs) wrong.push("is of a muted member");
      break;
    }
    case "memberLeft":
      if (!isThere(members.get(body.value.userId))) wrong.push("is of no member");
      break;
    case "memberRoleChanged": {
      const member = members.get(body.value.userId);
      if (!isThere(member)) wrong.push("is about no member");
      else if (member.role === body.value.role) wrong.push("changes nothing");
      break;
    }
    case "memberMuted": {
      const member = members.get(body.value.userId);
      const { mutedUntil } = body.value;
      const mutedUntilMs = mutedUntil === undefined ? undefined : timestampMs(mutedUntil);
      if (!isThere(member)) wrong.push("is about no member");
      else if (member.mutedUntilMs === mutedUntilMs) wrong.push("changes nothing");
      else if (mutedUntilMs !== undefined && mutedUntilMs <= appendedAtMs) wrong.push("mutes until a time in the past");
      break;
    }
  }
  return wrong;
}
